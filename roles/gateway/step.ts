/**
 * The gateway as a state machine: a service that runs from the start. It registers through its
 * agent (flow 1), connects to services on demand, and closes connections on command. It is never
 * reaped.
 *
 * While its agent is away it goes on with the connections that it has. When it is registered anew it
 * has a new number: connections of the old one finish what is in flight and close, since the manager
 * does not know them under the new one.
 *
 * @module
 */

import type { ReportedRoute } from "../../protocol/announcements.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, nextDeadlineMs, setDeadline } from "../deadlines.ts";
import { forgetCloseRequests } from "../source/agent_away.ts";
import { closeConnections, forgetAsked } from "../source/connections.ts";
import {
  createSource,
  sendToAgent,
  type SourceEffect,
  type SourceEvent,
  type SourceOptions,
  type SourceState,
  type SourceTurn,
} from "../source/state.ts";
import { askForWaiting, stepSource, takeMessage, tickSource } from "../source/step.ts";
import type { CloseLink, LinkClosed, LinkID, MessageArrived, Role, Tick } from "../step.ts";

/** The name under which a gateway registers. */
export const GATEWAY_SERVICE = "gateway";

/** How long a registration may take before it is repeated, in milliseconds. */
const REGISTER_MS = 10_000;

/** A link to the agent is open. */
export interface AgentLinked {
  /** Tells events apart. */
  readonly kind: "agentLinked";
  /** The link. */
  readonly link: LinkID;
}

/** The gateway is about to end, by the decision of its host. */
export interface GatewayEnding {
  /** Tells events apart. */
  readonly kind: "ending";
  /** Why, for the history. */
  readonly reason: string;
}

/** What happens to a gateway. */
export type GatewayEvent =
  | MessageArrived
  | LinkClosed
  | Tick
  | AgentLinked
  | GatewayEnding
  | SourceEvent;

/** From now on these are the ways in from outside, in place of those told before. */
export interface Routes {
  /** Tells effects apart. */
  readonly kind: "routes";
  /** All of them. */
  readonly routes: readonly ReportedRoute[];
}

/** What a gateway has done by its host. */
export type GatewayEffect = SourceEffect | CloseLink | Routes;

/** Everything that a gateway holds. */
export interface GatewayState {
  /** Its connections and the requests that want them. */
  readonly source: SourceState;
  /** The number of the registration that is under way. */
  registerMessageID: number | undefined;
}

/** A gateway that is not registered yet. */
export function createGateway(options: Partial<SourceOptions> = {}): GatewayState {
  return { source: createSource(options), registerMessageID: undefined };
}

/** The gateway as its host sees it. */
export const GATEWAY: Role<GatewayState, GatewayEvent, GatewayEffect> = {
  step: stepGateway,
  nextDeadlineMs: (state) => nextDeadlineMs(state.source.deadlines),
};

/** One event in, effects out. */
export function stepGateway(
  state: GatewayState,
  event: GatewayEvent,
  nowMs: number,
): GatewayEffect[] {
  const effects: GatewayEffect[] = [];
  const emit = (effect: GatewayEffect) => void effects.push(effect);
  const turn: SourceTurn = { source: state.source, nowMs, emit };
  switch (event.kind) {
    case "agentLinked":
      onAgentLinked(state, turn, event.link);
      break;
    case "linkClosed":
      if (event.link === state.source.agentLink) forgetRegistration(state, turn);
      break;
    case "message":
      if (event.message.type !== "routesInfo") onMessage(state, turn, event);
      else if (event.link === state.source.agentLink) {
        emit({ kind: "routes", routes: event.message.routes });
      }
      break;
    case "ending":
      onEnding(state, turn, event.reason);
      break;
    case "tick":
      onTick(state, turn);
      break;
    default:
      stepSource(turn, event);
  }
  return effects;
}

/** Says why it ends, so that the history does not have to guess. */
function onEnding(state: GatewayState, turn: SourceTurn, reason: string): void {
  const { serviceID } = state.source;
  if (serviceID === undefined) return;
  sendToAgent(turn, { type: "serviceTerminationInfo", serviceID, status: STATUS.done, reason });
}

function onAgentLinked(state: GatewayState, turn: SourceTurn, link: LinkID): void {
  forgetRegistration(state, turn);
  state.source.agentLink = link;
  register(state, turn);
}

function register(state: GatewayState, turn: SourceTurn): void {
  const { source } = state;
  source.lastMessageID += 1;
  state.registerMessageID = source.lastMessageID;
  setDeadline(source.deadlines, "register:", turn.nowMs + REGISTER_MS);
  sendToAgent(turn, {
    type: "serviceRegisterRequest",
    messageID: source.lastMessageID,
    typeOfService: GATEWAY_SERVICE,
    plugsConfiguration: { in: null, out: "*" },
  });
}

/** The number is lost. Connections that were opened under it are of use until there is another. */
function forgetRegistration(state: GatewayState, turn: SourceTurn): void {
  state.source.serviceID = undefined;
  state.source.agentLink = undefined;
  state.registerMessageID = undefined;
  clearDeadline(state.source.deadlines, "register:");
  forgetAsked(turn);
  forgetCloseRequests(turn);
}

function onMessage(state: GatewayState, turn: SourceTurn, event: MessageArrived): void {
  const { message, link } = event;
  if (link !== state.source.agentLink) return;
  if (takeMessage(turn, message)) return;
  switch (message.type) {
    case "serviceRegisterResponse":
      return onServiceRegisterResponse(state, turn, message);
    case "softShutdownRequest":
      return onSoftShutdownRequest(state, turn, message);
    case "serviceHealthRequest": {
      const { messageID, serviceID } = message;
      const load = { inFlight: state.source.requests.size };
      const status = STATUS.done;
      return sendToAgent(turn, {
        type: "serviceHealthResponse",
        messageID,
        serviceID,
        status,
        load,
      });
    }
    default: {
      const reason = `Cannot take "${message.type}": a gateway does not get it`;
      turn.emit({ kind: "refuse", link, type: message.type, status: STATUS.badRequest, reason });
    }
  }
}

function onServiceRegisterResponse(
  state: GatewayState,
  turn: SourceTurn,
  message: MessageOf<"serviceRegisterResponse">,
): void {
  if (message.messageID !== state.registerMessageID) return;
  if (!isDone(message.status) || message.serviceID === undefined) return;
  clearDeadline(state.source.deadlines, "register:");
  state.registerMessageID = undefined;
  closeConnections(turn, { known: false });
  state.source.serviceID = message.serviceID;
  askForWaiting(turn);
}

/** The manager does not know this instance any more: the gateway goes on under a new number. */
function onSoftShutdownRequest(
  state: GatewayState,
  turn: SourceTurn,
  message: MessageOf<"softShutdownRequest">,
): void {
  const { messageID, serviceID } = message;
  const link = state.source.agentLink;
  const status = STATUS.done;
  sendToAgent(turn, { type: "softShutdownResponse", messageID, serviceID, status });
  // A second copy comes when the new number is asked for already.
  if (serviceID !== state.source.serviceID) return;
  if (link !== undefined) onAgentLinked(state, turn, link);
}

function onTick(state: GatewayState, turn: SourceTurn): void {
  const isRegistering = state.registerMessageID !== undefined;
  tickSource(turn);
  const { deadlines } = state.source;
  const isWaiting = deadlines.entries.has("register:");
  if (isRegistering && !isWaiting && state.source.serviceID === undefined) register(state, turn);
}
