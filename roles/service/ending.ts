/**
 * The soft end of a service, flow 8. It is asked first, and may refuse once: then it goes on. Else
 * nothing new is accepted, what is in flight finishes, its own connections close, it answers and
 * exits.
 *
 * @module
 */

import { MANIFEST_DEFAULTS } from "../../protocol/manifest.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import { cutReason } from "../../protocol/parse_message.ts";
import { STATUS } from "../../protocol/status.ts";
import { closeConnections } from "../source/closes.ts";
import { rejectWaiting } from "../source/requests.ts";
import { sendToAgent } from "../source/state.ts";
import type { EndAnswered, ServiceTurn } from "./state.ts";

/** The longest time for which an end may be refused, in milliseconds: ten minutes. */
export const REFUSAL_MS_MAX = 600_000;

/** The manager asks it to end. Asked again while a refusal holds, it refuses with what is left. */
export function onSoftShutdownRequest(
  turn: ServiceTurn,
  message: MessageOf<"softShutdownRequest">,
): void {
  const { state, nowMs } = turn;
  const { messageID, graceMs = MANIFEST_DEFAULTS.graceMs, isFinal = false } = message;
  state.shutdownMessageIDs.push(messageID);
  state.isFinal ||= isFinal;
  if (state.phase !== "running") return;
  if (!isFinal && state.refused !== undefined && state.refused.untilMs > nowMs) {
    return answerRefusal(turn, state.refused);
  }
  state.phase = "asked";
  const reason = message.reason ?? "it was asked to end";
  turn.emit({ kind: "askToEnd", reason, graceMs, isFinal: state.isFinal });
}

/** The service has nothing against its end, or refuses it. */
export function onEndAnswered(turn: ServiceTurn, { refusal }: EndAnswered): void {
  const { state } = turn;
  if (state.phase !== "asked") return;
  if (refusal !== undefined && !state.isFinal) {
    const { reason, retryAfterMs } = refusal;
    const waitMs = Math.max(0, Math.min(REFUSAL_MS_MAX, Math.ceil(retryAfterMs)));
    state.phase = "running";
    state.refused = { reason: cutReason(reason), untilMs: turn.nowMs + waitMs };
    return answerRefusal(turn, state.refused);
  }
  state.phase = "closing";
  turn.emit({ kind: "drain" });
}

function answerRefusal(
  turn: ServiceTurn,
  { reason, untilMs }: { readonly reason: string; readonly untilMs: number },
): void {
  const { state, nowMs } = turn;
  const { serviceID } = state.start;
  const retryAfterMs = Math.ceil(untilMs - nowMs);
  for (const messageID of state.shutdownMessageIDs.splice(0)) {
    const status = STATUS.conflict;
    const answer = { messageID, serviceID, status, retryAfterMs, reason };
    sendToAgent(turn, { type: "softShutdownResponse", ...answer });
  }
}

/** Nothing is in flight from others: its own connections close. */
export function onDrained(turn: ServiceTurn): void {
  turn.state.drained = true;
  for (const service of [...turn.source.waiting.keys()]) {
    const reason = `Cannot connect to "${service}": this service is ending`;
    rejectWaiting(turn, service, { status: STATUS.unavailable, reason });
  }
  closeConnections(turn, { known: true });
}

/** A closing service with nothing left in flight and no connection answers and exits. */
export function endWhenEmpty(turn: ServiceTurn): void {
  const { state } = turn;
  if (state.phase !== "closing" || !state.drained || state.source.connections.size > 0) return;
  state.phase = "ended";
  const { serviceID } = state.start;
  for (const messageID of state.shutdownMessageIDs) {
    const status = STATUS.done;
    sendToAgent(turn, { type: "softShutdownResponse", messageID, serviceID, status });
  }
  turn.emit({ kind: "exit", code: state.exitCode });
}
