/**
 * The times and bounds of a manager.
 *
 * @module
 */

import { HEALTH_DEFAULTS, type HealthCheck } from "../../protocol/manifest.ts";
import { PLUG_RANGE } from "../../protocol/limits.ts";

/** The times and bounds of a manager; each can be set. */
export interface ManagerOptions {
  /** A disconnected agent is given up after this long. Milliseconds. @default {30_000} */
  readonly agentLostMs: number;
  /**
   * After the manager itself was away, an agent that has an instance of what is asked for may come
   * back within this, before another instance is started elsewhere. An agent that went away in the
   * middle of a start has as long. Milliseconds.
   *
   * @default {3_000}
   */
  readonly recoveryGraceMs: number;
  /** How often each agent is asked whether it is well. Milliseconds. @default {1_000} */
  readonly healthIntervalMs: number;
  /** An agent that says nothing for this long is disconnected. Milliseconds. @default {4_000} */
  readonly agentSilentMs: number;
  /**
   * How instances are asked how they are whose manifest says nothing of it.
   *
   * @default {HEALTH_DEFAULTS}
   */
  readonly health: HealthCheck;
  /**
   * An offered connection that is not confirmed within this is closed. Milliseconds.
   *
   * @default {10_000}
   */
  readonly offerMs: number;
  /** How long each end of a connection has to close it. Milliseconds. @default {10_000} */
  readonly closeMs: number;
  /**
   * How long a request waits beyond the start timeout of what it waits for. Milliseconds.
   *
   * @default {5_000}
   */
  readonly parkedMarginMs: number;
  /** Most requests that wait for one service. @default {10_000} */
  readonly parkedMax: number;
  /**
   * How long requests in flight may go on at an instance that was replaced. Milliseconds.
   *
   * @default {60_000}
   */
  readonly drainMs: number;
  /** Most instances that start at a time because they replace others. @default {10} */
  readonly replacementsMax: number;
  /** How often an agent is told to kill an instance before it is given up. @default {3} */
  readonly killAttemptsMax: number;
  /**
   * An instance that holds more memory than it may lives at least so long before it is replaced for
   * that; twice as long each time when it replaces another such one. Milliseconds.
   *
   * @default {10_000}
   */
  readonly memoryWaitMs: number;
  /** That time grows to this at most. Milliseconds. @default {600_000} */
  readonly memoryWaitMsMax: number;
  /** An instance that holds so many times the memory that it may is killed. @default {2} */
  readonly memoryKillFactor: number;
  /**
   * How long a service is not started after the first crash of an instance; twice as long after
   * each further one. Milliseconds.
   *
   * @default {200}
   */
  readonly crashPauseMs: number;
  /** That pause grows to this at most. Milliseconds. @default {30_000} */
  readonly crashPauseMsMax: number;
  /**
   * Requests wait for the end of a pause that is no longer than this. Milliseconds.
   *
   * @default {5_000}
   */
  readonly crashWaitMs: number;
  /** So many crashes in a row within a window are a crash loop. @default {5} */
  readonly crashesMax: number;
  /** The window. Milliseconds. @default {60_000} */
  readonly crashWindowMs: number;
  /** An instance that has run for this long has been well. Milliseconds. @default {30_000} */
  readonly wellMs: number;
  /** How many other plugs are tried when a plug is taken. @default {5} */
  readonly plugRetriesMax: number;
  /**
   * The plug that the first instance of each host gets; the next ones follow it. Meshes that share
   * a machine, and begin at different plugs, do not try each other's one by one.
   *
   * @default {20_000}
   */
  readonly plugFirst: number;
}

/** The defaults of a manager. */
export const MANAGER_DEFAULTS: ManagerOptions = {
  agentLostMs: 30_000,
  recoveryGraceMs: 3_000,
  healthIntervalMs: 1_000,
  agentSilentMs: 4_000,
  health: HEALTH_DEFAULTS,
  offerMs: 10_000,
  closeMs: 10_000,
  parkedMarginMs: 5_000,
  parkedMax: 10_000,
  drainMs: 60_000,
  replacementsMax: 10,
  killAttemptsMax: 3,
  memoryWaitMs: 10_000,
  memoryWaitMsMax: 600_000,
  memoryKillFactor: 2,
  crashPauseMs: 200,
  crashPauseMsMax: 30_000,
  crashWaitMs: 5_000,
  crashesMax: 5,
  crashWindowMs: 60_000,
  wellMs: 30_000,
  plugRetriesMax: 5,
  plugFirst: PLUG_RANGE.first,
};
