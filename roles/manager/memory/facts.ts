/**
 * What the manager records. Its registry changes only by applying facts, and a fact is recorded
 * before any message that follows from it leaves; so the history that users see is the truth.
 *
 * @module
 */

import type { PlugConfiguration } from "../../../protocol/fields.ts";
import type { Permission } from "../../../protocol/output.ts";
import type { ServiceManifest } from "../../../protocol/manifest.ts";

/** The two ends of a connection, named so that a line of history can be read alone. */
export interface ConnectionEnds {
  /** The number of the connection. */
  readonly connectionID: number;
  /** The instance that dials. */
  readonly serviceID: number;
  /** The service of the instance that dials. */
  readonly service: string;
  /** The out-plug. */
  readonly sourcePlug: number;
  /** The instance that accepts. */
  readonly destServiceID: number;
  /** The service of the instance that accepts. */
  readonly destService: string;
  /** The in-plug. */
  readonly destPlug: number;
}

/** How far the closing of an instance has come. */
export type ClosingPhase = "drain" | "soft" | "hard";

/**
 * Why an instance is replaced while it runs: its agent is drained, its code is older than what the
 * agent would start now, it holds more memory than it may, it hangs or is not well, its process is
 * given up since another one in it hangs, or its agent has the service no more.
 */
export type LeavingCause = "drain" | "outdated" | "memory" | "unhealthy" | "moving" | "removed";

/** What it means for a service that an instance of it crashed. */
export interface CrashMark {
  /** How many crashed in a row, this one included, none of which was well for long before. */
  readonly inRow: number;
  /** How long the service is not started from now on. Milliseconds. */
  readonly pauseMs: number;
}

/** Where the time of a start went, each part measured by one clock. Milliseconds. */
export interface StartSplit {
  /** From the first request that waited for it until it was ordered. */
  readonly waitMs: number;
  /** From the order until it was known to have started, without the rest: what messages need. */
  readonly placeMs: number;
  /** From when its agent was asked until its process was up, or a spare was told. */
  readonly spawnMs: number;
  /** From there until it was ready. */
  readonly loadMs: number;
}

/** What an agent may say of its host; old histories, and agents with little to say, lack it. */
export interface AgentTraits {
  /** What its host is like, for services that ask for it. @default {{}} */
  readonly labels?: Readonly<Record<string, string>>;
  /** Most instances that it runs; default: no bound. */
  readonly capacity?: number;
  /** Names this run of the agent: one that was restarted has another. */
  readonly incarnation?: string;
  /** The authority of the certificates of its instances; default: their sessions are plain. */
  readonly sessionCertificate?: string;
}

/** What happened, without when. */
export type FactBody =
  | {
    readonly kind: "agentRegistered";
    readonly agent: string;
    readonly network: string;
    readonly port: number;
    readonly repository: readonly string[];
    readonly manifests: Readonly<Record<string, ServiceManifest>>;
  } & AgentTraits
  | {
    readonly kind: "agentRepositoryChanged";
    readonly agent: string;
    readonly repository: readonly string[];
    readonly manifests: Readonly<Record<string, ServiceManifest>>;
    /** Services whose code changed. */
    readonly edited: readonly string[];
  }
  | {
    readonly kind: "agentDraining";
    readonly agent: string;
    /** Whether it gets nothing new from now on, or everything again. */
    readonly draining: boolean;
    readonly reason: string;
  }
  | { readonly kind: "agentDisconnected"; readonly agent: string; readonly reason: string }
  | { readonly kind: "agentLost"; readonly agent: string; readonly reason: string }
  | {
    readonly kind: "instanceRegistered";
    readonly serviceID: number;
    readonly service: string;
    readonly agent: string;
    readonly plugs: PlugConfiguration;
  }
  | {
    readonly kind: "instanceStarting";
    readonly serviceID: number;
    readonly service: string;
    readonly agent: string;
    readonly plugs: PlugConfiguration;
    readonly reason: string;
  }
  | {
    readonly kind: "instanceStarted";
    readonly serviceID: number;
    readonly service: string;
    /** Where the time of its start went; absent: it did not say. */
    readonly took?: StartSplit;
  }
  | {
    readonly kind: "instanceLeaving";
    readonly serviceID: number;
    readonly service: string;
    /** Why it is replaced; none: it stays after all. */
    readonly cause: LeavingCause | "none";
    readonly reason: string;
    /** Set when it hangs or is not well, which is as bad as a crash; old histories lack it. */
    readonly crash?: CrashMark;
  }
  | {
    readonly kind: "instanceClosing";
    readonly serviceID: number;
    readonly service: string;
    readonly phase: ClosingPhase;
    readonly reason: string;
    /** Whether it is killed by its own fault, so that its end is a crash. @default {false} */
    readonly isFault?: boolean;
  }
  | {
    readonly kind: "instanceEnded";
    readonly serviceID: number;
    readonly service: string;
    readonly status: number;
    readonly reason: string;
    readonly exitCode?: number;
    readonly signal?: string;
    /** Set when nobody had asked it to end, or its start failed; old histories lack it. */
    readonly crash?: CrashMark;
  }
  | {
    readonly kind: "serviceCrashLooping";
    readonly service: string;
    /** How many instances crashed in a row. */
    readonly crashes: number;
    /** What is said of the newest. */
    readonly reason: string;
  }
  | {
    /** It works on something that no connection tells of, so it is not idle. */
    readonly kind: "instanceUsed";
    readonly serviceID: number;
    readonly service: string;
    readonly reason: string;
  }
  | {
    /** It wanted what its permissions do not include. */
    readonly kind: "instanceRefused";
    readonly serviceID: number;
    readonly service: string;
    readonly permission: Permission;
    /** A path, a host, a name; absent: all of that kind. */
    readonly target?: string;
  }
  | {
    /** Its crashes are forgotten: it may be started at once. */
    readonly kind: "serviceRecovered";
    readonly service: string;
    readonly reason: string;
  }
  | { readonly kind: "connectionOffered" } & ConnectionEnds
  | {
    readonly kind: "connectionOpened";
    /** How long its source needed to connect. Milliseconds. */
    readonly connectMs?: number;
  } & ConnectionEnds
  | {
    readonly kind: "connectionUsed";
    readonly count: number;
    /** From when it was open until its first exchange ended; told once. Milliseconds. */
    readonly firstMs?: number;
  } & ConnectionEnds
  | { readonly kind: "connectionClosing"; readonly reason: string } & ConnectionEnds
  | {
    readonly kind: "connectionClosed";
    readonly status: number;
    readonly reason: string;
  } & ConnectionEnds
  | {
    readonly kind: "requestFailed";
    readonly serviceID: number;
    readonly service: string;
    readonly destService: string;
    readonly status: number;
    readonly reason: string;
  };

/** Something that happened: the manager's memory is a list of these. */
export type Fact = FactBody & {
  /** Its place in the history: 1, 2, 3 … without gaps. */
  readonly seq: number;
  /** When the manager recorded it, in milliseconds since 1970. */
  readonly atMs: number;
};

/** The name of a kind of fact. */
export type FactKind = Fact["kind"];
