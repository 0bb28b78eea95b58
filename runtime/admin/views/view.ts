/**
 * What the admin API shows: plain JSON. Times are ISO 8601 in UTC; what does not apply is null.
 *
 * @module
 */

import type { Fact } from "../../../roles/manager/memory/facts.ts";

/** Some of a list, and how many there are. */
export interface ListView<Item> {
  /** How many there are. */
  readonly total: number;
  /** The first of them, as many as were asked for. */
  readonly items: readonly Item[];
}

/** An agent. */
export interface AgentView {
  /** Its name. */
  readonly agent: string;
  /** The address of its host. */
  readonly network: string;
  /** Where it accepts services. */
  readonly port: number;
  /** Whether a link to it is open. */
  readonly connected: boolean;
  /** Whether it gets nothing new, until it is restarted or its drain is ended. */
  readonly draining: boolean;
  /** What its host is like. */
  readonly labels: Readonly<Record<string, string>>;
  /** How many instances it runs, without those that run from the start. */
  readonly load: number;
  /** Most instances that it runs; null: no bound. */
  readonly capacity: number | null;
  /** The services that it can start. */
  readonly services: readonly string[];
  /** How many instances it has. */
  readonly instances: number;
}

/** A service: what an agent can start, or what runs. */
export interface ServiceView {
  /** Its name. */
  readonly service: string;
  /** The agents that can start it. */
  readonly agents: readonly string[];
  /** The services that it may connect to, `"*"` for every one. */
  readonly plugs: readonly string[] | "*";
  /** The services that it is connected to, with the number of connections. */
  readonly connected: readonly { readonly service: string; readonly connections: number }[];
  /** After how long without use its connections and instances are closed; null: never. */
  readonly idle: { readonly connectionMs: number; readonly serviceMs: number } | null;
  /** How many instances it has, by state. */
  readonly instances: {
    readonly starting: number;
    readonly running: number;
    readonly closing: number;
  };
  /** How often an instance of it crashed, as far back as the history goes. */
  readonly restarts: number;
  /** When that was last. */
  readonly lastCrash: string | null;
  /** What its last crashes mean for it now; null: nothing, it may be started at once. */
  readonly crash: CrashView | null;
}

/** What the last crashes of a service mean for it. */
export interface CrashView {
  /** How many instances crashed in a row. */
  readonly inRow: number;
  /** Whether it is in a crash loop: then nobody waits for it. */
  readonly isLooping: boolean;
  /** Until when it is not started. */
  readonly pausedUntil: string;
  /** What is said of the last crash, with the last lines that it printed. */
  readonly reason: string;
}

/** One end of a connection. */
export interface EndView {
  /** The service. */
  readonly service: string;
  /** The instance. */
  readonly id: number;
  /** The plug. */
  readonly plug: number;
}

/** How far a connection is. */
export type ConnectionState = "offered" | "open" | "closing";

/** A plug of an instance, with what it is connected to. */
export interface PlugView {
  /** The plug. */
  readonly plug: number;
  /** The connection. */
  readonly connection: number;
  /** Its state. */
  readonly state: ConnectionState;
  /** The other end. */
  readonly to: EndView;
  /** When it was last used. */
  readonly lastUsed: string;
}

/** An instance. */
export interface InstanceView {
  /** Its number. */
  readonly id: number;
  /** Its service. */
  readonly service: string;
  /** Its agent. */
  readonly agent: string;
  /** Starting until it confirms, closing once it was asked to end. */
  readonly state: "starting" | "running" | "closing";
  /** How far its closing is. */
  readonly phase: "drain" | "soft" | "hard" | null;
  /** Why it is replaced by another instance; null: it is not. */
  readonly leaving: "drain" | "outdated" | "memory" | "unhealthy" | "moving" | "removed" | null;
  /** Whether an agent launched it; what runs from the start is never closed as idle. */
  readonly launched: boolean;
  /** Its in-plug: the port that it listens on. */
  readonly plug: number | null;
  /** Its connected out-plugs, the first of them when there are very many. */
  readonly out: readonly PlugView[];
  /** What is connected to its in-plug, the first of them when there are very many. */
  readonly in: readonly PlugView[];
  /** How many connections it has, out and in. */
  readonly connections: number;
  /** The memory that its processes hold, in bytes; null: it is not known. */
  readonly memoryBytes: number | null;
  /** The memory that it may hold, in bytes; null: no bound. */
  readonly memoryLimitBytes: number | null;
  /** The share of one processor that it used lately, in percent; null: it is not known. */
  readonly cpuPercent: number | null;
  /** The time of a processor that it has used, in milliseconds; null: it is not known. */
  readonly cpuMs: number | null;
  /** When its start was ordered. */
  readonly since: string;
  /** When it confirmed its start. */
  readonly startedAt: string | null;
  /** When it was last used. */
  readonly lastUsed: string;
  /** When it will be closed as idle, unless it is used or connected before. */
  readonly closesAt: string | null;
  /** Why it will not be closed as idle; null: it will, or it ends already. */
  readonly stays: string | null;
  /** Requests that it answers now, as their sources told within the last second. */
  readonly inFlight: number;
  /** How often an instance of its service crashed, as far back as the history goes. */
  readonly restarts: number;
}

/** A connection. */
export interface ConnectionView {
  /** Its number. */
  readonly id: number;
  /** Offered until its source confirms that it dialled. */
  readonly state: ConnectionState;
  /** The end that dialled. */
  readonly from: EndView;
  /** The end that accepted. */
  readonly to: EndView;
  /** When it was offered. */
  readonly since: string;
  /** When it was last used. */
  readonly lastUsed: string;
  /** When it will be closed as idle, unless it is used before. */
  readonly closesAt: string | null;
  /** How many exchanges ended on it. */
  readonly exchanges: number;
}

/** A start of an instance, with where its time went. Each part is measured by one clock. */
export interface StartView {
  /** The instance. */
  readonly id: number;
  /** Its service. */
  readonly service: string;
  /** Its agent. */
  readonly agent: string | null;
  /** When it was known to have started. */
  readonly at: string;
  /** Why it was started. */
  readonly why: string | null;
  /** From the order to the start, in milliseconds; so are all below. */
  readonly startMs: number | null;
  /** From the first request that waited for it until the order. */
  readonly waitMs: number | null;
  /** Of the start, what messages between the hosts and the manager needed. */
  readonly placeMs: number | null;
  /** Of the start, until the process was up. */
  readonly spawnMs: number | null;
  /** Of the start, from there until it was ready. */
  readonly loadMs: number | null;
  /** How long the first that used it needed to connect; null: nobody did. */
  readonly connectMs: number | null;
  /** From there until its first answer was complete. */
  readonly firstMs: number | null;
}

/** A line of the history. */
export interface HistoryEntry {
  /** Its number. */
  readonly seq: number;
  /** When it was recorded. */
  readonly at: string;
  /** What happened, for people. */
  readonly text: string;
  /** What happened, for programs. */
  readonly fact: Fact;
}

/** Messages that were refused. */
export interface RefusalView {
  /** The type of the message. */
  readonly type: string;
  /** The status. */
  readonly status: number;
  /** How many. */
  readonly count: number;
}

/** The whole mesh at one moment. */
export interface StateView {
  /** The moment. */
  readonly now: string;
  /** When the manager was started. */
  readonly startedAt: string;
  /** Whether the mesh takes requests. */
  readonly ready: boolean;
  /** Why the manager takes no new work now. */
  readonly problem: string | null;
  /** Where it takes them. */
  readonly gatewayUrl: string | null;
  /** The number of the newest line of history. */
  readonly seq: number;
  /** Its agents. */
  readonly agents: ListView<AgentView>;
  /** Its services. */
  readonly services: ListView<ServiceView>;
  /** Its instances. */
  readonly instances: ListView<InstanceView>;
  /** Its connections. */
  readonly connections: ListView<ConnectionView>;
  /** Messages that the manager refused. */
  readonly refusals: readonly RefusalView[];
}

/** The outcome of a command. */
export interface OutcomeView {
  /** As in HTTP. */
  readonly status: number;
  /** In words. */
  readonly reason: string;
}
