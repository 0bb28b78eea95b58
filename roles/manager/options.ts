/**
 * The times and bounds of a manager.
 *
 * @module
 */

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
  offerMs: 10_000,
  closeMs: 10_000,
  parkedMarginMs: 5_000,
  parkedMax: 10_000,
  drainMs: 60_000,
  replacementsMax: 10,
  killAttemptsMax: 3,
  plugRetriesMax: 5,
  plugFirst: PLUG_RANGE.first,
};
