/**
 * What mesh.json says of the life of a service: what it runs with, how many instances there are,
 * how much memory they may hold, and when they count as hanging.
 *
 * @module
 */

import { z } from "zod";
import { LIMITS } from "../../../protocol/limits.ts";
import { duration } from "./duration_schema.ts";
import { size } from "./limits_schema.ts";

/** What a service says of its life, in milliseconds and bytes. */
export interface LifeDocument {
  /** How many instances there are. */
  readonly instances?:
    | { readonly min?: number | undefined; readonly max?: number | undefined }
    | undefined;
  /** How many spare processes each host keeps for it. */
  readonly warm?: number | undefined;
  /** Those of its plugs that are started ahead. */
  readonly eager?: readonly string[] | undefined;
  /** Most memory that an instance may hold. */
  readonly memory?: number | undefined;
  /** When an instance counts as hanging. */
  readonly health?: HealthDocument | undefined;
  /** What it runs in. */
  readonly runtime?: "process" | "worker" | undefined;
  /** The program that it is, with its arguments. */
  readonly command?: readonly string[] | undefined;
  /** What the program speaks. */
  readonly protocol?: "http" | "tcp" | "smmp" | undefined;
  /** The path that answers 2xx when the program can take requests. */
  readonly ready?: string | undefined;
  /** Variables of its environment, and the files with their values. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
}

/** How an instance is asked whether it is well. */
export interface HealthDocument {
  /** A path that must answer 2xx or 3xx. */
  readonly path?: string | undefined;
  /** Time between two questions. */
  readonly interval?: number | undefined;
  /** How long an answer may take. */
  readonly timeout?: number | undefined;
  /** Questions in a row without a good answer. */
  readonly failures?: number | undefined;
}

/** Most spare processes of one service on one host. */
const WARM_MAX = 100;
/** No process of Deno holds less. Bytes. */
const MEMORY_BYTES_MIN = 16 * 1_024 * 1_024;
/** Most arguments of a program. */
const ARGUMENTS_MAX = 1_000;

const withoutNul = z.string().max(32_768).refine((text) => !text.includes("\0"), {
  error: "expected a text without the character NUL",
});

const path = z.string().max(LIMITS.routeCharacters).regex(/^\/[\x21-\x7e]*$/, {
  error: "expected a path that starts with /",
});

const instancesSchema = z.strictObject({
  min: z.int().min(0).max(LIMITS.instances).optional().meta({
    description: "So many run even when nobody asks for them; 0.",
  }),
  max: z.int().min(1).max(LIMITS.instances).optional().meta({
    description: "No more run at a time; 1, or min if that is more.",
  }),
}).refine(({ min = 0, max = Infinity }) => min <= max, {
  error: "expected min to be no more than max",
}).meta({ description: "How many instances there are, in the whole mesh." });

const healthSchema = z.strictObject({
  path: path.optional().meta({
    description: "A path of the service that must answer 2xx or 3xx; else to run is to be well.",
  }),
  interval: duration("Time between two questions; 10s.", 100).optional(),
  timeout: duration("How long an answer may take; 5s.", 100).optional(),
  failures: z.int().min(1).max(LIMITS.healthFailures).optional().meta({
    description: "So many questions in a row without a good answer, and it is replaced; 2.",
  }),
}).meta({ description: "How it is found out that an instance hangs." });

/** @ignore It is for this room only, and its types are zod's. */
export const lifeShape = {
  instances: instancesSchema.optional(),
  warm: z.int().min(0).max(WARM_MAX).optional().meta({
    description: "Spares that each host keeps ready for it, so that it starts faster; 0, for a " +
      "worker 1.",
  }),
  eager: z.array(z.string()).max(LIMITS.plugsEntries).optional().meta({
    description: "Those of its plugs that are started with it, ahead of the first request.",
  }),
  memory: size("An instance that holds more is drained and replaced.")
    .refine((bytes) => bytes >= MEMORY_BYTES_MIN, { error: "expected at least 16MiB" }).optional(),
  health: healthSchema.optional(),
  runtime: z.enum(["process", "worker"]).optional().meta({
    description: "A process of its own (the default), or a worker, many of which share one.",
  }),
  command: z.array(withoutNul).min(1).max(ARGUMENTS_MAX).optional().meta({
    description: "The program that it is, in any language, with its arguments; instead of entry.",
    examples: [["python3", "app.py"]],
  }),
  protocol: z.enum(["http", "tcp", "smmp"]).optional().meta({
    description: "What the program speaks on the port PORT: http (the default), anything over " +
      "tcp, or the protocol of the mesh itself.",
  }),
  ready: path.optional().meta({
    description: "The path that answers 2xx when the program can take requests.",
  }),
  secrets: z.record(z.string().meta({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }), withoutNul.min(1))
    .optional().meta({
      description: "Variables of its environment, each with the file that has its value.",
      examples: [{ DB_PASSWORD: "./secrets/db" }],
    }),
};

/** The keys of the objects that stand in them. */
export const LIFE_KEYS: { readonly instances: string[]; readonly health: string[] } = {
  instances: ["min", "max"],
  health: Object.keys(healthSchema.shape),
};
