/**
 * The shapes of what the admin API shows, as schemas: its description derives from them, and its
 * clients check with them what they got.
 *
 * @module
 */

import { z } from "zod";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import { FACT_KINDS, isFact } from "../../store/fact_text.ts";
import type {
  AgentView,
  ConnectionState,
  ConnectionView,
  EndView,
  HistoryEntry,
  InstanceView,
  ListView,
  OutcomeView,
  PlugView,
  RefusalView,
  ServiceView,
  StartView,
  StateView,
} from "./view.ts";

const id = z.int().positive();
const count = z.int().nonnegative();
const time = z.iso.datetime();
const plug = z.int().positive();
const edges = z.union([z.literal("*"), z.array(z.string())]);

function listOf<Item>(item: z.ZodType<Item>): z.ZodType<ListView<Item>> {
  return z.object({
    total: count.describe("How many there are."),
    items: z.array(item).describe("The first of them, as many as were asked for."),
  });
}

const connectionState: z.ZodType<ConnectionState> = z.enum(["offered", "open", "closing"])
  .describe("Offered until its source confirms that it dialled.");

const end: z.ZodType<EndView> = z.object({ service: z.string(), id, plug });

const plugView: z.ZodType<PlugView> = z.object({
  plug,
  connection: id,
  state: connectionState,
  to: end.describe("The other end."),
  lastUsed: time,
});

const agent: z.ZodType<AgentView> = z.object({
  agent: z.string(),
  network: z.string(),
  port: count,
  connected: z.boolean().describe("Whether a link to it is open."),
  draining: z.boolean().describe("Whether it gets nothing new."),
  labels: z.record(z.string(), z.string()).describe("What its host is like."),
  load: count.describe("How many instances it runs, without those that run from the start."),
  capacity: count.nullable().describe("Most instances that it runs; null: no bound."),
  services: z.array(z.string()).describe("The services that it can start."),
  instances: count,
});

const service: z.ZodType<ServiceView> = z.object({
  service: z.string(),
  agents: z.array(z.string()).describe("The agents that can start it."),
  plugs: edges.describe("The services that it may connect to."),
  connected: z.array(z.object({ service: z.string(), connections: count })),
  idle: z.object({ connectionMs: count, serviceMs: count }).nullable(),
  instances: z.object({ starting: count, running: count, closing: count }),
  restarts: count.describe("How often an instance of it crashed."),
  lastCrash: time.nullable(),
  crash: z.object({
    inRow: count.describe("How many instances crashed in a row."),
    isLooping: z.boolean().describe("Whether it is in a crash loop: then nobody waits for it."),
    pausedUntil: time.describe("Until when it is not started."),
    reason: z.string(),
  }).nullable().describe("What its last crashes mean for it now."),
});

const instance: z.ZodType<InstanceView> = z.object({
  id,
  service: z.string(),
  agent: z.string(),
  state: z.enum(["starting", "running", "closing"]),
  phase: z.enum(["drain", "soft", "hard"]).nullable(),
  leaving: z.enum(["drain", "outdated", "memory", "unhealthy", "moving", "removed"]).nullable()
    .describe("Why it is replaced by another instance."),
  launched: z.boolean().describe("Whether an agent launched it; else it is never idle."),
  plug: plug.nullable().describe("The port that it listens on."),
  out: z.array(plugView).describe("Its connected out-plugs."),
  in: z.array(plugView).describe("What is connected to its in-plug."),
  connections: count.describe("How many connections it has, out and in."),
  memoryBytes: count.nullable().describe("The memory that its processes hold."),
  memoryLimitBytes: count.nullable().describe("The memory that it may hold; null: no bound."),
  cpuPercent: z.number().nonnegative().nullable()
    .describe("The share of one processor that it used lately."),
  cpuMs: count.nullable().describe("The time of a processor that it has used."),
  since: time.describe("When its start was ordered."),
  startedAt: time.nullable().describe("When it confirmed its start."),
  lastUsed: time,
  closesAt: time.nullable().describe("When it will be closed as idle."),
  stays: z.string().nullable().describe("Why it will not be closed as idle."),
  inFlight: count.describe("Requests that it answers now."),
  restarts: count.describe("How often an instance of its service crashed."),
});

const connection: z.ZodType<ConnectionView> = z.object({
  id,
  state: connectionState,
  from: end,
  to: end,
  since: time.describe("When it was offered."),
  lastUsed: time,
  closesAt: time.nullable().describe("When it will be closed as idle."),
  exchanges: count.describe("How many exchanges ended on it."),
});

const took = z.number().nonnegative().nullable();

const start: z.ZodType<StartView> = z.object({
  id,
  service: z.string(),
  agent: z.string().nullable(),
  at: time.describe("When it was known to have started."),
  why: z.string().nullable(),
  startMs: took.describe("From the order to the start, in milliseconds; so are all below."),
  waitMs: took.describe("From the first request that waited for it until the order."),
  placeMs: took.describe("Of the start, what messages needed."),
  spawnMs: took.describe("Of the start, until the process was up."),
  loadMs: took.describe("Of the start, from there until it was ready."),
  connectMs: took.describe("How long the first that used it needed to connect."),
  firstMs: took.describe("From there until its first answer was complete."),
});

const fact: z.ZodType<Fact> = z.custom<Fact>((value) => isFact(value)).meta({
  type: "object",
  required: ["kind", "seq", "atMs"],
  properties: {
    kind: { enum: FACT_KINDS },
    seq: { type: "integer" },
    atMs: { type: "number", description: "Milliseconds since 1970." },
  },
});

const historyEntry: z.ZodType<HistoryEntry> = z.object({
  seq: count,
  at: time,
  text: z.string().describe("What happened, for people."),
  fact: fact.describe("What happened, for programs."),
});

const refusal: z.ZodType<RefusalView> = z.object({ type: z.string(), status: z.int(), count });

const state: z.ZodType<StateView> = z.object({
  now: time,
  startedAt: time,
  ready: z.boolean().describe("Whether the mesh takes requests."),
  problem: z.string().nullable().describe("Why the manager takes no new work now."),
  gatewayUrl: z.string().nullable(),
  seq: count.describe("The number of the newest line of history."),
  agents: listOf(agent),
  services: listOf(service),
  instances: listOf(instance),
  connections: listOf(connection),
  refusals: z.array(refusal),
});

const outcome: z.ZodType<OutcomeView> = z.object({ status: z.int(), reason: z.string() });

/** What each kind of answer looks like. */
export interface AnswerTypes {
  /** The whole mesh. */
  State: StateView;
  /** Agents. */
  AgentList: ListView<AgentView>;
  /** Services. */
  ServiceList: ListView<ServiceView>;
  /** Instances. */
  InstanceList: ListView<InstanceView>;
  /** One instance. */
  Instance: InstanceView;
  /** Connections. */
  ConnectionList: ListView<ConnectionView>;
  /** Starts; its total counts those that are given. */
  StartList: ListView<StartView>;
  /** Lines of history; its total counts those that are given. */
  History: ListView<HistoryEntry>;
  /** One line of history. */
  HistoryEntry: HistoryEntry;
  /** What became of a command. */
  Outcome: OutcomeView;
}

/** The name of a kind of answer. */
export type AnswerName = keyof AnswerTypes;

const ANSWERS: { readonly [Name in AnswerName]: z.ZodType<AnswerTypes[Name]> } = {
  State: state,
  AgentList: listOf(agent),
  ServiceList: listOf(service),
  InstanceList: listOf(instance),
  Instance: instance,
  ConnectionList: listOf(connection),
  StartList: listOf(start),
  History: listOf(historyEntry),
  HistoryEntry: historyEntry,
  Outcome: outcome,
};

/**
 * Checks an answer of the admin API.
 *
 * @param name What it should be.
 * @param value What it is.
 * @returns The value, or undefined for one of another shape.
 */
export function parseAnswer<Name extends AnswerName>(
  name: Name,
  value: unknown,
): AnswerTypes[Name] | undefined {
  const parsed = ANSWERS[name].safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** The JSON Schema of each kind of answer, by its name. */
export function answerSchemas(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries<z.ZodType>(ANSWERS).map(([name, schema]) => {
      const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: "any" });
      return [name, rest];
    }),
  );
}
