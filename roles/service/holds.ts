/**
 * A service that holds itself open: it works on something that no connection tells of. The manager
 * hears of it once a second at most, as of the use of a connection, so that it is not idle.
 *
 * @module
 */

import { cutReason } from "../../protocol/parse_message.ts";
import { setDeadline } from "../deadlines.ts";
import { sendToAgent } from "../source/state.ts";
import type { ServiceTurn } from "./state.ts";

/** The name of the time at which the manager is told again, among those of the source. */
export const USE_KEY = "held:";

/** How often the manager is told at most, in milliseconds. */
const TELL_MS = 1_000;

/** The service works on something: that is told now, or as soon as it may be. */
export function onHeld(turn: ServiceTurn, reason: string): void {
  const { state, source, nowMs } = turn;
  state.held = cutReason(reason);
  state.use.untold = state.held;
  const dueAtMs = state.use.toldMs + TELL_MS;
  if (dueAtMs > nowMs) setDeadline(source.deadlines, USE_KEY, dueAtMs);
  else onHoldDue(turn);
}

/** The time to tell what the service works on, or has worked on since. */
export function onHoldDue(turn: ServiceTurn): void {
  const { state, source, nowMs } = turn;
  const { held, use } = state;
  const reason = held ?? use.untold;
  if (reason === undefined) return;
  // Before it has started nobody knows of it, and while the agent is away nobody hears it.
  if (source.agentLink !== undefined) {
    const { serviceID } = state.start;
    sendToAgent(turn, { type: "serviceUseInfo", serviceID, reason });
  }
  use.untold = undefined;
  use.toldMs = nowMs;
  if (held !== undefined) setDeadline(source.deadlines, USE_KEY, nowMs + TELL_MS);
}
