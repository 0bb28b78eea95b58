/**
 * A launched service as a state machine: it confirms its start (flow 4), connects to others on
 * demand, tells when connections end, and ends softly on command (flow 8); see `ending.ts`. Without
 * its agent it goes on with what it has, until that comes back or was away too long; see
 * `agent_away.ts`.
 *
 * @module
 */

import { HEALTH_DEFAULTS } from "../../protocol/manifest.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import { hasDeadline, nextDeadlineMs } from "../deadlines.ts";
import { sendToAgent, type SourceEvent } from "../source/state.ts";
import { askForWaiting, stepSource, takeMessage, tickSource } from "../source/step.ts";
import type { MessageArrived, Role } from "../step.ts";
import {
  EXIT_KEY,
  GRACE_KEY,
  onAgentBack,
  onAgentGone,
  onGraceDue,
  onStableDue,
  STABLE_KEY,
  tellInboundEnd,
} from "./agent_away.ts";
import { endWhenEmpty, onDrained, onEndAnswered, onSoftShutdownRequest } from "./ending.ts";
import { onHeld, onHoldDue, USE_KEY } from "./holds.ts";
import {
  type Health,
  type InboundEnded,
  inboundKey,
  type ServiceEffect,
  type ServiceEvent,
  type ServiceState,
  type ServiceTurn,
} from "./state.ts";

/** A service as its host sees it. */
export const SERVICE: Role<ServiceState, ServiceEvent, ServiceEffect> = {
  step: stepService,
  nextDeadlineMs: (state) => nextDeadlineMs(state.source.deadlines),
};

/** One event in, effects out. */
export function stepService(
  state: ServiceState,
  event: ServiceEvent,
  nowMs: number,
): ServiceEffect[] {
  const effects: ServiceEffect[] = [];
  const emit = (effect: ServiceEffect) => void effects.push(effect);
  const turn: ServiceTurn = { state, source: state.source, nowMs, emit };
  switch (event.kind) {
    case "ready":
      onReady(turn, event);
      break;
    case "message":
      // What an earlier link had still to say is about requests of an agent that is gone.
      if (event.link === state.source.agentLink) onMessage(turn, event);
      break;
    case "relinked":
      onAgentBack(turn, event.link);
      break;
    case "linkClosed":
      if (event.link === state.source.agentLink) onAgentGone(turn);
      break;
    case "inboundEnded":
      onInboundEnded(turn, event);
      break;
    case "endAnswered":
      onEndAnswered(turn, event);
      break;
    case "held":
      onHeld(turn, event.reason);
      break;
    case "released":
      state.held = undefined;
      break;
    case "drained":
      onDrained(turn);
      break;
    case "health":
      onHealth(turn, event);
      break;
    case "tick":
      onTick(turn);
      break;
    default:
      onSourceEvent(turn, event);
  }
  endWhenEmpty(turn);
  return effects;
}

/** Flow 4: it listens (or can't) and has a link to its agent. */
function onReady(turn: ServiceTurn, event: Extract<ServiceEvent, { kind: "ready" }>): void {
  const { start, source } = turn.state;
  source.agentLink = event.link;
  const { messageID, serviceID, token } = start;
  const failure = event.failure;
  const status = failure?.status ?? STATUS.done;
  const reason = failure === undefined ? {} : { reason: failure.reason };
  sendToAgent(turn, {
    type: "startServiceResponse",
    messageID,
    status,
    serviceID,
    token,
    ...(event.loadMs === undefined ? {} : { loadMs: event.loadMs }),
    ...reason,
  });
  if (failure !== undefined) {
    turn.state.phase = "ended";
    return turn.emit({ kind: "exit", code: 1 });
  }
  source.serviceID = serviceID;
  turn.state.phase = "running";
  askForWaiting(turn);
}

function onMessage(turn: ServiceTurn, event: MessageArrived): void {
  const { message, link } = event;
  const { serviceID } = turn.state.start;
  if (message.type === "connectionCloseRequest" && message.destServiceID === serviceID) {
    return onInboundCloseRequest(turn, message);
  }
  if (takeMessage(turn, message)) return;
  switch (message.type) {
    case "softShutdownRequest":
      return onSoftShutdownRequest(turn, message);
    case "serviceHealthRequest": {
      const { messageID, path, timeoutMs = HEALTH_DEFAULTS.timeoutMs } = message;
      return turn.emit({ kind: "measure", messageID, path, timeoutMs });
    }
    default: {
      const reason = `Cannot take "${message.type}": a service does not get it`;
      turn.emit({ kind: "refuse", link, type: message.type, status: STATUS.badRequest, reason });
    }
  }
}

/** The host has found out how the service is. */
function onHealth(turn: ServiceTurn, { messageID, inFlight, ailment }: Health): void {
  const { serviceID } = turn.state.start;
  const outcome = ailment ?? { status: STATUS.done };
  const load = { inFlight };
  sendToAgent(turn, { type: "serviceHealthResponse", messageID, serviceID, ...outcome, load });
}

/** Flow 7 at the destination, when the source's host is gone. */
function onInboundCloseRequest(
  turn: ServiceTurn,
  message: MessageOf<"connectionCloseRequest">,
): void {
  const { messageID, serviceID: sourceID, sourcePlug } = message;
  const waiting = turn.state.inboundCloses.get(inboundKey(sourceID, sourcePlug)) ?? [];
  turn.state.inboundCloses.set(inboundKey(sourceID, sourcePlug), [...waiting, messageID]);
  turn.emit({ kind: "closeInbound", sourceID, sourcePlug });
}

/** Flow 6 at the destination: a connection from another instance has ended. */
function onInboundEnded(turn: ServiceTurn, event: InboundEnded): void {
  const { start, inboundCloses } = turn.state;
  const { sourceID: sourceServiceID, sourcePlug, status, reason } = event;
  const key = inboundKey(sourceServiceID, sourcePlug);
  for (const messageID of inboundCloses.get(key) ?? []) {
    sendToAgent(turn, { type: "connectionCloseResponse", messageID, status: STATUS.done });
  }
  inboundCloses.delete(key);
  if (event.wasOpen === false) return;
  const { serviceID, plug: destPlug } = start;
  tellInboundEnd(turn, {
    type: "destConnectionClose",
    serviceID,
    sourcePlug,
    destPlug,
    sourceServiceID,
    status,
    reason,
  });
}

/** A drained service waits for its connections to end only, so it opens no other. */
function onSourceEvent(turn: ServiceTurn, event: SourceEvent): void {
  if (event.kind !== "requestWanted" || !turn.state.drained) return stepSource(turn, event);
  const { requestID, service } = event;
  const reason = `Cannot connect to "${service}": this service is ending`;
  turn.emit({ kind: "reject", requestID, status: STATUS.unavailable, reason });
}

/** Deadlines of the source, and those of a service whose agent is away. */
function onTick(turn: ServiceTurn): void {
  const { deadlines } = turn.source;
  const own = [STABLE_KEY, GRACE_KEY, EXIT_KEY, USE_KEY].filter((key) =>
    hasDeadline(deadlines, key)
  );
  tickSource(turn);
  // Known before any of them is handled: one clears another, which is not due then.
  const due = own.filter((key) => !hasDeadline(deadlines, key));
  for (const key of due) {
    if (turn.state.phase === "ended") return;
    if (key === STABLE_KEY) onStableDue(turn);
    else if (key === GRACE_KEY) onGraceDue(turn);
    else if (key === USE_KEY) onHoldDue(turn);
    else {
      turn.state.phase = "ended";
      turn.emit({ kind: "exit", code: 1 });
    }
  }
}
