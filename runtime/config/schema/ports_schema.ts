/**
 * The shape of the ports of gateways in mesh.json.
 *
 * @module
 */

import { z } from "zod";
import { LIMITS } from "../../../protocol/limits.ts";

/** A port that says more than its service. */
export interface PortDocument {
  /** The service that it leads to. */
  readonly service: string;
  /** Most connections at a time. */
  readonly connections?: number | undefined;
}

/** The ports of a mesh.json, by number. */
export type PortsDocument = Readonly<Record<string, string | PortDocument>>;

const portSchema = z.strictObject({
  service: z.string().meta({ description: "The service that it leads to." }),
  connections: z.int().min(1).max(LIMITS.portConnections).optional().meta({
    description: "Most connections at a time, at each gateway; one more is closed. 1000.",
  }),
});

/** @ignore It is for this room only, and its type is zod's. */
export const portsSchema = z.record(
  z.string().meta({ pattern: "^[1-9][0-9]{0,4}$" }),
  z.union([z.string(), portSchema]),
).meta({
  description: "Ports of the gateway that lead to services over TCP, byte by byte.",
  examples: [{ "6379": "cache" }],
});

/** The keys of a port that says more than its service. */
export const PORT_KEYS: readonly string[] = Object.keys(portSchema.shape);
