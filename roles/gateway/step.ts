/**
 * The gateway as a state machine: a service that runs from the start. It registers through its
 * agent (flow 1), connects to services on demand, and closes connections on command. It is never
 * reaped.
 *
 * While its agent is away it keeps its number and goes on with the connections that it has: what
 * needs the manager waits. By the next link it tells both, and an agent that knows it lets it go on
 * as it was. One that gives it a new number does not know its connections: they finish what is in
 * flight and close.
 *
 * @module
 */

import type {
  ReportedConnection,
  ReportedPort,
  ReportedRoute,
} from "../../protocol/announcements.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, hasDeadline, nextDeadlineMs, setDeadline } from "../deadlines.ts";
import { forgetCloseRequests, goOnWithAgent, openConnections } from "../source/agent_away.ts";
import { closeConnections } from "../source/closes.ts";
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
  /** All ports that lead to services over TCP. */
  readonly ports: readonly ReportedPort[];
}

/** What a gateway has done by its host. */
export type GatewayEffect = SourceEffect | CloseLink | Routes;

/** How a gateway is set up. */
export interface GatewayOptions extends SourceOptions {
  /**
   * A secret that nobody can guess, by which it proves to its agent who it was; undefined: it is a
   * new instance by each new link.
   *
   * @default {undefined}
   */
  readonly token: string | undefined;
}

/** Everything that a gateway holds. */
export interface GatewayState {
  /** The secret by which it proves who it was. */
  readonly token: string | undefined;
  /** Its connections and the requests that want them. */
  readonly source: SourceState;
  /** The link to the agent, which may not have taken it in yet; the source has it when it has. */
  link: LinkID | undefined;
  /** The number of the registration that is under way. */
  registerMessageID: number | undefined;
  /** The connections that the registration which is under way tells. */
  told: readonly ReportedConnection[];
}

/** A gateway that is not registered yet. */
export function createGateway(options: Partial<GatewayOptions> = {}): GatewayState {
  const { token, ...source } = options;
  return {
    token,
    source: createSource(source),
    link: undefined,
    registerMessageID: undefined,
    told: [],
  };
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
      if (event.link === state.link) onAgentGone(state, turn);
      break;
    case "message":
      if (event.message.type !== "routesInfo") onMessage(state, turn, event);
      else if (event.link === state.link) {
        const { routes, ports = [] } = event.message;
        emit({ kind: "routes", routes, ports });
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
  onAgentGone(state, turn);
  state.link = link;
  register(state, turn);
}

/** What it is at a loss to send without its agent is told or asked again when one is there. */
function onAgentGone(state: GatewayState, turn: SourceTurn): void {
  state.link = undefined;
  state.source.agentLink = undefined;
  state.registerMessageID = undefined;
  clearDeadline(state.source.deadlines, "register:");
  forgetCloseRequests(turn);
}

function register(state: GatewayState, turn: SourceTurn): void {
  const { source, link, token } = state;
  const { serviceID } = source;
  if (link === undefined) return;
  source.lastMessageID += 1;
  state.registerMessageID = source.lastMessageID;
  state.told = openConnections(turn, LIMITS.reportedConnections);
  setDeadline(source.deadlines, "register:", turn.nowMs + REGISTER_MS);
  turn.emit({
    kind: "send",
    link,
    message: {
      type: "serviceRegisterRequest",
      messageID: source.lastMessageID,
      typeOfService: GATEWAY_SERVICE,
      plugsConfiguration: { in: null, out: "*" },
      ...(token === undefined ? {} : { token }),
      ...(serviceID === undefined ? {} : { serviceID, connections: state.told }),
    },
  });
}

function onMessage(state: GatewayState, turn: SourceTurn, event: MessageArrived): void {
  const { message, link } = event;
  if (link !== state.link) return;
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
  const { source } = state;
  clearDeadline(source.deadlines, "register:");
  state.registerMessageID = undefined;
  if (message.serviceID === source.serviceID) return goOn(state, turn);
  closeConnections(turn, { known: false });
  source.agentLink = state.link;
  source.serviceID = message.serviceID;
  askForWaiting(turn);
}

/** The agent knows it, and what it had open when it registered: what has ended since is told. */
function goOn({ source, link, told }: GatewayState, turn: SourceTurn): void {
  source.agentLink = link;
  for (const { serviceID, sourcePlug, destPlug } of told) {
    if (source.connections.has(sourcePlug)) continue;
    const status = STATUS.brokenLink;
    const reason = "it ended while its source had no link to the agent";
    const ended = { serviceID, sourcePlug, destPlug, status, reason };
    sendToAgent(turn, { type: "sourceConnectionClose", ...ended });
  }
  goOnWithAgent(turn);
}

/** The manager does not know this instance any more: the gateway goes on under a new number. */
function onSoftShutdownRequest(
  state: GatewayState,
  turn: SourceTurn,
  message: MessageOf<"softShutdownRequest">,
): void {
  const { messageID, serviceID } = message;
  const { link, source } = state;
  const status = STATUS.done;
  if (link === undefined) return;
  const answer = { type: "softShutdownResponse", messageID, serviceID, status } as const;
  turn.emit({ kind: "send", link, message: answer });
  // A second copy comes when the new number is asked for already.
  if (serviceID !== source.serviceID) return;
  // Connections that were opened under the number are of use until there is another one.
  source.serviceID = undefined;
  onAgentLinked(state, turn, link);
}

function onTick(state: GatewayState, turn: SourceTurn): void {
  const isRegistering = state.registerMessageID !== undefined;
  tickSource(turn);
  const isWaiting = hasDeadline(state.source.deadlines, "register:");
  if (isRegistering && !isWaiting) register(state, turn);
}
