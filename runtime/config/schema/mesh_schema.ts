/**
 * The shape of mesh.json, from which its reader and the JSON Schema for editors derive.
 *
 * @module
 */

import { z } from "zod";
import { LIMITS } from "../../../protocol/limits.ts";
import type { Permission } from "../../../protocol/output.ts";
import { duration } from "./duration_schema.ts";
import { LIFE_KEYS, type LifeDocument, lifeShape } from "./life_schema.ts";
import {
  coldSchema,
  concurrencySchema,
  type GatewayDocument,
  gatewaySchema,
  type LimitedDocument,
  limitsSchema,
  stickySchema,
} from "./limits_schema.ts";
import { PORT_KEYS, type PortsDocument, portsSchema } from "./ports_schema.ts";

/** A mesh.json whose shape is right, with durations in milliseconds. */
export interface MeshDocument {
  /** Where editors find the schema. */
  readonly $schema?: string | undefined;
  /** The mesh's name for people. */
  readonly name?: string | undefined;
  /** The services by name; absent when they are the files of the folder. */
  readonly services?: Readonly<Record<string, ServiceDocument>> | undefined;
  /** The services by what is reachable from outside; absent where only ports lead to them. */
  readonly routes?: Readonly<Record<string, string | RouteDocument>> | undefined;
  /** The services by the ports that lead to them over TCP. */
  readonly ports?: PortsDocument | undefined;
  /** The way in from outside. */
  readonly gateway?: GatewayDocument | undefined;
}

/** One service of a {@linkcode MeshDocument}. */
export interface ServiceDocument extends LimitedDocument, LifeDocument {
  /** Its file, relative to the folder. */
  readonly entry?: string | undefined;
  /** The services that it may reach. */
  readonly plugs?: "*" | readonly string[] | undefined;
  /** How long what is unused stays, in milliseconds: one for both, or each. */
  readonly idle?:
    | number
    | { readonly connection?: number | undefined; readonly service?: number | undefined }
    | undefined;
  /** How long a start may take, in milliseconds. */
  readonly startTimeout?: number | undefined;
  /** How long a soft shutdown may take, in milliseconds. */
  readonly grace?: number | undefined;
  /** What it may do, by Deno's name for it; paths are relative to the folder. */
  readonly permissions?:
    | Readonly<Partial<Record<Permission, readonly string[] | undefined>>>
    | undefined;
  /** Most requests in flight on one connection to it. */
  readonly concurrency?: number | undefined;
  /** Which of the hosts that may start it is chosen. */
  readonly placement?: "spread" | "pack" | undefined;
  /** Labels that a host must have to start it. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Variables of its environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A route of a {@linkcode MeshDocument} that says more than its service. */
export interface RouteDocument extends LimitedDocument {
  /** The service that answers. */
  readonly service: string;
  /** Whether it sees the whole path. */
  readonly keepPrefix?: boolean | undefined;
}

/** The largest mesh.json that is read, in bytes. */
export const MESH_FILE_BYTES_MAX = 1_024 * 1_024;

function textWithoutNul(charactersMax: number) {
  return z.string().max(charactersMax).refine((text) => !text.includes("\0"), {
    error: "expected a text without the character NUL",
  });
}

/** Deno's flags separate entries by commas: one in an entry would grant what nobody wrote. */
const entry = textWithoutNul(4_096).regex(/^[^,]+$/, {
  error: "expected one entry, not empty and without a comma: write a list with a text for each",
});
const entries = z.array(entry).max(LIMITS.plugsEntries);

const host = entry.regex(/^(\[[\da-fA-F:.]+\]|[\w*.-]+)(:\d{1,5})?$/, {
  error: "expected a host or host:port, such as api.example.com:443",
});

const permissionsSchema = z.strictObject({
  read: entries.optional().meta({ description: "Files and folders that it may read." }),
  write: entries.optional().meta({ description: "Files and folders that it may write." }),
  net: z.array(host).max(LIMITS.plugsEntries).optional()
    .meta({ description: "Hosts that it may use, with a port or without." }),
  env: entries.optional().meta({ description: "Variables that it may read." }),
  run: entries.optional().meta({ description: "Programs that it may run." }),
  sys: entries.optional().meta({ description: "System information that it may ask for." }),
  ffi: entries.optional().meta({ description: "Dynamic libraries that it may load." }),
  import: z.array(host).max(LIMITS.plugsEntries).optional()
    .meta({ description: "Hosts that it may import code from." }),
});

const connectionIdle = duration("How long a connection to it may be unused.", 100);
const serviceIdle = duration("How long an instance may be without connection and data.", 100);
const bothIdle = duration("How long a connection and an instance may be unused.", 100);

const idleSchema = z.strictObject({
  connection: connectionIdle.optional(),
  service: serviceIdle.optional(),
});

const labelText = z.string().min(1).max(LIMITS.labelCharacters);

const labelsSchema = z.record(labelText, labelText).refine(
  (labels) => Object.keys(labels).length <= LIMITS.labelEntries,
  { error: `expected at most ${LIMITS.labelEntries} labels` },
).meta({
  description: "Labels that a host must have to start it, as its agent was given them.",
  examples: [{ disk: "fast" }],
});

const serviceSchema = z.strictObject({
  entry: textWithoutNul(4_096).min(1).optional().meta({
    description: "The file whose default export is the service; else <name>.ts, .js, .tsx or " +
      "<name>/mod.ts beside mesh.json.",
  }),
  plugs: z.union([z.literal("*"), z.array(z.string()).max(LIMITS.plugsEntries)]).optional().meta({
    description: 'The services that it may reach, or "*" for all. Nothing when absent.',
  }),
  idle: z.union([bothIdle, idleSchema]).optional().meta({
    description: "How long what is unused stays; connection 30s and service 60s when absent.",
  }),
  startTimeout: duration("How long a start may take; 10s when absent.", 100).optional(),
  grace: duration("How long a soft shutdown may take; 5s when absent.", 0).optional(),
  concurrency: concurrencySchema.optional(),
  limits: limitsSchema.optional(),
  sticky: stickySchema.optional(),
  cold: coldSchema.optional(),
  ...lifeShape,
  placement: z.enum(["spread", "pack"]).optional().meta({
    description: "Which of the hosts that may start it is chosen: the one with the most room " +
      "for its size (spread, the default), or the fullest that has room (pack).",
  }),
  labels: labelsSchema.optional(),
  permissions: permissionsSchema.optional().meta({
    description: "What it may do besides reading its own files and using the loopback.",
  }),
  env: z.record(z.string().meta({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }), textWithoutNul(32_768))
    .optional().meta({ description: "Variables of its environment." }),
});

const routeSchema = z.strictObject({
  service: z.string().meta({ description: "The service that answers." }),
  keepPrefix: z.boolean().optional().meta({
    description: "Whether it sees the whole path; else what comes after the prefix.",
  }),
  limits: limitsSchema.optional(),
  sticky: stickySchema.optional(),
  cold: coldSchema.optional(),
});

/**
 * The shape of mesh.json; `readServices` and `readRoutes` check what it cannot express.
 *
 * @ignore It is for this room only, and its type is zod's: callers use `loadMesh`.
 */
export const meshSchema = z.strictObject({
  $schema: z.string().optional().meta({ description: "Where editors find this schema." }),
  name: z.string().min(1).max(LIMITS.nameCharacters).refine((name) => !/\p{Cc}/u.test(name), {
    error: "expected a name without control characters",
  }).optional().meta({ description: "The mesh's name for people; else that of its folder." }),
  services: z.record(
    z.string().meta({ pattern: `^[a-z][a-z0-9-]{0,${LIMITS.nameCharacters - 1}}$` }),
    serviceSchema,
  ).optional().meta({
    description: "The services by name; when absent, the files beside mesh.json as in a folder " +
      "without configuration.",
  }),
  routes: z.record(z.string(), z.union([z.string(), routeSchema])).optional().meta({
    description: "What is reachable from outside: a path, or a host and a path, to a service.",
    examples: [{ "/greeter": "greeter", "shop.example.com/": "shop" }],
  }),
  ports: portsSchema.optional(),
  gateway: gatewaySchema.optional(),
});

const KEYS = {
  mesh: Object.keys(meshSchema.shape),
  service: Object.keys(serviceSchema.shape),
  idle: Object.keys(idleSchema.shape),
  permissions: Object.keys(permissionsSchema.shape),
  route: Object.keys(routeSchema.shape),
  port: PORT_KEYS,
  limits: Object.keys(limitsSchema.shape),
  sticky: ["cookie", "header"],
  gateway: Object.keys(gatewaySchema.shape),
  ...LIFE_KEYS,
};

/**
 * Lists the keys that may stand in one of the objects of mesh.json.
 *
 * @param path Where the object stands.
 * @returns The keys, none for an object whose keys are free.
 */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const [section, , part] = path;
  if (path.length === 0) return KEYS.mesh;
  if (section === "gateway") return KEYS.gateway;
  if (part === "limits") return KEYS.limits;
  if (part === "sticky") return KEYS.sticky;
  if (section === "routes") return KEYS.route;
  if (section === "ports") return KEYS.port;
  if (path.length === 2) return KEYS.service;
  if (part === "idle") return KEYS.idle;
  if (part === "instances") return KEYS.instances;
  if (part === "health") return KEYS.health;
  return part === "permissions" ? KEYS.permissions : [];
}

/**
 * Makes the JSON Schema (draft 7) of mesh.json, which docs/mesh.schema.json holds for editors.
 *
 * @returns The schema as a plain object.
 */
export function meshJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(meshSchema, { target: "draft-7", io: "input" });
  return { $schema, title: "mesh.json", description: "The configuration of a mesh.", ...schema };
}

/**
 * Writes the JSON Schema as docs/mesh.schema.json holds it.
 *
 * @returns The text of the file.
 */
export function meshJsonSchemaText(): string {
  return `${JSON.stringify(meshJsonSchema(), null, 2)}\n`;
}
