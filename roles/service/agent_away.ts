/**
 * A service whose agent is away. It goes on serving, and using the connections that it has: what
 * needs the manager waits. An agent that comes (the same one by a new link, or one that was started
 * again) is told who it is and what is open. Without one it ends itself in time, since nobody could
 * close it any more.
 *
 * @module
 */

import type { MessageOf } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import { clearDeadline, hasDeadline, setDeadline } from "../deadlines.ts";
import { forgetCloseRequests, goOnWithAgent, openConnections } from "../source/agent_away.ts";
import { sendToAgent } from "../source/state.ts";
import type { LinkID } from "../step.ts";
import { AGENT_GRACE_MS, type ServiceTurn, UNTOLD_MAX } from "./state.ts";

/** The name of the deadline of an agent that is away, among those of the source. */
export const GRACE_KEY = "agent:";
/** The name of the time at which a new link to an agent has proved to last. */
export const STABLE_KEY = "stable:";
/** The name of the deadline of what is in flight when no agent came back. */
export const EXIT_KEY = "exit:";

/** How long a service that no agent came back for may finish what is in flight, in milliseconds. */
const LAST_MS = 5_000;

/**
 * An agent that does not know this instance closes its link at once: who comes back again and again
 * without staying was not away for less time. Milliseconds.
 */
const STABLE_MS = 2_000;

/** Most connections that are reported: a service has one for each other service that it uses. */
const REPORTED_MAX = 400;

/** How often it is looked whether a link that came at the very end stays. Milliseconds. */
const RECHECK_MS = 100;

/** The link to the agent ended. Numbers of its requests mean nothing by another link. */
export function onAgentGone(turn: ServiceTurn): void {
  const { state, source } = turn;
  source.agentLink = undefined;
  if (state.phase === "ended") return;
  forgetCloseRequests(turn);
  state.shutdownMessageIDs.length = 0;
  state.inboundCloses.clear();
  clearDeadline(source.deadlines, STABLE_KEY);
  if (hasDeadline(source.deadlines, GRACE_KEY)) return;
  const { agentGraceMs = AGENT_GRACE_MS } = state.start;
  setDeadline(source.deadlines, GRACE_KEY, turn.nowMs + agentGraceMs);
}

/** An agent is there again: it is told who this is, what is open, and what it has missed. */
export function onAgentBack(turn: ServiceTurn, link: LinkID): void {
  const { state, source } = turn;
  if (state.phase === "starting" || state.phase === "ended") return;
  if (source.agentLink !== undefined) onAgentGone(turn);
  source.agentLink = link;
  setDeadline(source.deadlines, STABLE_KEY, turn.nowMs + STABLE_MS);
  const { messageID, serviceID, token } = state.start;
  const status = STATUS.done;
  const connections = openConnections(turn, REPORTED_MAX);
  const proof = { messageID, status, serviceID, token, connections };
  sendToAgent(turn, { type: "startServiceResponse", ...proof });
  for (const message of state.untold.splice(0)) sendToAgent(turn, message);
  goOnWithAgent(turn);
}

/** Tells that a connection from another instance has ended, or keeps that for an agent to come. */
export function tellInboundEnd(
  turn: ServiceTurn,
  message: MessageOf<"destConnectionClose">,
): void {
  const { untold } = turn.state;
  if (turn.source.agentLink !== undefined) sendToAgent(turn, message);
  // Its source tells the same, so what is beyond the bound is hardly missed.
  else if (untold.length < UNTOLD_MAX) untold.push(message);
}

/** The agent that came back has stayed, so its time away is over. */
export function onStableDue(turn: ServiceTurn): void {
  clearDeadline(turn.source.deadlines, GRACE_KEY);
}

/** No agent came back in time: the service ends, with a moment for what is in flight. */
export function onGraceDue(turn: ServiceTurn): void {
  const { state, source } = turn;
  if (source.agentLink !== undefined) {
    // The link may last, and then it clears this; if it does not, there is no time left.
    if (!hasDeadline(source.deadlines, STABLE_KEY)) return;
    return setDeadline(source.deadlines, GRACE_KEY, turn.nowMs + RECHECK_MS);
  }
  // It is on its way out: whoever comes and goes meanwhile gives it no more time.
  if (hasDeadline(source.deadlines, EXIT_KEY)) return;
  const { phase } = state;
  state.exitCode = 1;
  state.isFinal = true;
  setDeadline(source.deadlines, EXIT_KEY, turn.nowMs + LAST_MS);
  // Whoever is asked already answers soon, and can refuse no more.
  if (phase !== "running") return;
  state.phase = "asked";
  const { agentGraceMs = AGENT_GRACE_MS } = state.start;
  const reason = `no agent came back within ${agentGraceMs / 1_000} s`;
  turn.emit({ kind: "askToEnd", reason, graceMs: LAST_MS, isFinal: true });
}
