/**
 * The end of an agent without a manager that would move its instances away, or end them.
 *
 * @module
 */

import { killInstance } from "./processes.ts";
import { passDown } from "./relays.ts";
import { type AgentTurn, newMessageID } from "./state.ts";

/** The agent ends, and its manager is away. */
export interface LeavingAlone {
  /** Tells events apart. */
  readonly kind: "leavingAlone";
  /** How long its instances have. Milliseconds. */
  readonly graceMs: number;
}

/**
 * Asks each instance to finish what it has in flight and to exit, as the manager would. Nobody
 * waits for the answers: the processes end.
 */
export function onLeavingAlone(turn: AgentTurn, { graceMs }: LeavingAlone): void {
  const reason = "its agent ends, and the manager is away";
  for (const instance of turn.state.instances.values()) {
    if (!instance.launched) continue;
    // Nobody uses it yet, and nobody will.
    if (instance.phase === "launching") {
      killInstance(turn, instance);
      continue;
    }
    const { serviceID } = instance;
    const asked = { messageID: newMessageID(turn), serviceID, graceMs, isFinal: true, reason };
    passDown(turn, instance, { type: "softShutdownRequest", ...asked });
  }
}
