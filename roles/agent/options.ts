/**
 * Who an agent is, and its times and bounds.
 *
 * @module
 */

import type { ServiceManifest } from "../../protocol/manifest.ts";

/** Who an agent is, and its times and bounds. */
export interface AgentOptions {
  /** Its name, unique in the mesh. */
  readonly name: string;
  /** The address of its host, at which its services can be dialled. */
  readonly network: string;
  /** The port on which it accepts services. */
  readonly port: number;
  /** The services that it can start at first, with what the manager must know of each. */
  readonly manifests: Readonly<Record<string, ServiceManifest>>;
  /** What its host is like, for services that ask for it. @default {{}} */
  readonly labels: Readonly<Record<string, string>>;
  /** Most instances that it launches at a time; undefined: no bound. @default {undefined} */
  readonly capacity: number | undefined;
  /** Names this run of the agent; undefined: it does not say. @default {undefined} */
  readonly incarnation: string | undefined;
  /** The authority of the certificates of its instances, if they have any. @default {undefined} */
  readonly sessionCertificate: string | undefined;
  /** A link that does not say who it is within this is closed. Milliseconds. @default {10_000} */
  readonly helloMs: number;
  /**
   * An instance that lost its link has this long to come by another one, and a process that failed
   * to end itself. Milliseconds.
   *
   * @default {5_000}
   */
  readonly orphanMs: number;
  /**
   * Instances of an agent before this one have this long to come back. Milliseconds.
   *
   * @default {5_000}
   */
  readonly adoptMs: number;
  /** A killed process group has this long to be gone. Milliseconds. @default {5_000} */
  readonly killMs: number;
  /**
   * A passed request is answered for the manager after this long. Milliseconds.
   *
   * @default {120_000}
   */
  readonly relayMs: number;
  /** Most requests that wait for an answer of the manager. @default {20_000} */
  readonly relaysMax: number;
  /** Most instances at a time. @default {10_000} */
  readonly instancesMax: number;
  /**
   * Most links of processes that have not said who they are: one more pushes out the oldest, so
   * that a flood of them keeps out nobody who speaks at once.
   *
   * @default {4_096}
   */
  readonly newcomersMax: number;
  /** How many spares each service is to have at first, by name. @default {{}} */
  readonly warm: Readonly<Record<string, number>>;
  /** Most spares of all services together. @default {256} */
  readonly sparesMax: number;
}

/** The times and bounds of an agent that are not set. */
export const AGENT_DEFAULTS = {
  labels: {},
  capacity: undefined,
  incarnation: undefined,
  sessionCertificate: undefined,
  helloMs: 10_000,
  orphanMs: 5_000,
  adoptMs: 5_000,
  killMs: 5_000,
  relayMs: 120_000,
  relaysMax: 20_000,
  instancesMax: 10_000,
  newcomersMax: 4_096,
  warm: {},
  sparesMax: 256,
} as const;
