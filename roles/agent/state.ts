/**
 * The agent's state: the instances on its host, its links, and the messages that it passes between
 * services and the manager, each under a number of its own.
 *
 * @module
 */

import type { PlugConfiguration } from "../../protocol/fields.ts";
import type { ServiceManifest } from "../../protocol/manifest.ts";
import type { Message, MessageOf } from "../../protocol/messages.ts";
import { type Deadlines, emptyDeadlines } from "../deadlines.ts";
import type { LinkID } from "../step.ts";
import type { AgentEffect } from "./events.ts";
import { AGENT_DEFAULTS, type AgentOptions } from "./options.ts";
import { emptyToldUsages, type ToldUsages } from "./usages.ts";

export { AGENT_DEFAULTS, type AgentOptions } from "./options.ts";

/**
 * The life of an instance at its agent: `launching` until it proves itself, `running`, or `failing`
 * when its start has failed and its process must go. One of an agent before this one is `recorded`
 * until it proves itself to this one.
 */
export type LocalPhase = "launching" | "recorded" | "running" | "failing";

/** How something failed. */
export interface LocalFailure {
  /** 4xx or 5xx. */
  readonly status: number;
  /** Why. */
  readonly reason: string;
}

/** An instance on this host. */
export interface LocalInstance {
  /** Its number. */
  readonly serviceID: number;
  /** Its service. */
  readonly service: string;
  /** Its ends. */
  readonly plugs: PlugConfiguration;
  /** Whether this agent launched it; a gateway comes by itself. */
  readonly launched: boolean;
  /** The number of the request that started it. */
  readonly startMessageID: number;
  /** How long its start may take; 0 when this agent did not launch it. Milliseconds. */
  readonly startTimeoutMs: number;
  /** When its start was asked for; 0 when this agent did not launch it. Milliseconds since 1970. */
  readonly askedMs: number;
  /** Where in its life it is. */
  phase: LocalPhase;
  /** The secret that it must show by each new link; undefined: it may come no more. */
  token: string | undefined;
  /** The key of its tickets, if it has one. */
  ticketKey: string | undefined;
  /** Its link, once it has shown who it is. */
  link: LinkID | undefined;
  /** The name that a gateway has proved; undefined: none. */
  readonly peer: string | undefined;
  /** Why its start failed, when it is failing and nobody was told yet. */
  failure: LocalFailure | undefined;
  /** What it said of its own end, or what the agent did to it. */
  lastWords: LocalFailure | undefined;
  /** Numbers of the requests to kill it. */
  readonly kills: number[];
  /** Its open connections as a source, by out-plug. */
  readonly connections: Map<number, { readonly destServiceID: number; readonly destPlug: number }>;
  /** What the manager asked while it had no link: passed on when it comes back. */
  readonly held: HeldRequest[];
  /** The routes that a gateway was to be told while it had no link. */
  missedRoutes: MessageOf<"routesInfo"> | undefined;
  /** Whether its service was edited since it was launched. */
  outdated: boolean;
  /** Whether its process is given up, since another one in it hangs. */
  isMoving: boolean;
  /** Whether it said that it exits, since it was asked to. */
  isLeaving: boolean;
  /** Whether its process was a spare before, and did not say yet that it is this instance. */
  isFromSpare: boolean;
}

/** A request of the manager that is for an instance. */
export type HeldRequest = MessageOf<
  "connectionCloseRequest" | "softShutdownRequest" | "serviceHealthRequest"
>;

/** An instance of which nothing is known but who it is. */
export function newInstance(
  known:
    & Pick<LocalInstance, "serviceID" | "service" | "plugs" | "launched" | "phase">
    & Partial<LocalInstance>,
): LocalInstance {
  return {
    startMessageID: 0,
    startTimeoutMs: 0,
    askedMs: 0,
    token: undefined,
    ticketKey: undefined,
    link: undefined,
    peer: undefined,
    failure: undefined,
    lastWords: undefined,
    kills: [],
    connections: new Map(),
    held: [],
    missedRoutes: undefined,
    outdated: false,
    isMoving: false,
    isLeaving: false,
    isFromSpare: false,
    ...known,
  };
}

/** A request that was passed to the manager. */
export interface Relay {
  /** The link that it came by. */
  readonly link: LinkID;
  /** The number that its sender gave it. */
  readonly messageID: number;
  /** As it was sent on, to be sent again to a manager that was away. */
  readonly message: MessageOf<"connectionRequest" | "serviceRegisterRequest">;
  /** Who listens where, once the manager has answered. */
  destServiceID: number | undefined;
  /** Whether the manager has answered. */
  answered: boolean;
}

/** A request of the manager that was passed to a service. */
export interface Downward {
  /** The number that the manager gave it; undefined: the agent asked, or nobody waits. */
  readonly messageID: number | undefined;
  /** As the manager sent it; undefined: the agent asked, or nobody waits. */
  readonly message: HeldRequest | undefined;
  /** The connection that it is about, if it is about one that starts here. */
  readonly sourcePlug: number | undefined;
}

/** What is known of who is at the other end of a link of a service. */
export interface KnownLink {
  /** Whether it may register without a token. */
  readonly trusted: boolean;
  /** The name that it has proved; undefined: none. */
  readonly peer: string | undefined;
  /** The secret that it will show by its next link, if it is a gateway. */
  token: string | undefined;
  /** The instance that it is, once it has said so. */
  serviceID: number | undefined;
}

/** A process that waits to become an instance of its service. */
export interface Spare {
  /** Its number among the spares of this run of the agent. */
  readonly spareID: number;
  /** The service that it has loaded, or loads. */
  readonly service: string;
  /** Where in its life it is. */
  phase: "loading" | "ready";
  /** The secret by which it proves itself, once; undefined: it may not. */
  token: string | undefined;
  /** Its link, once it is ready and for as long as it is of use. */
  link: LinkID | undefined;
  /** When it became ready. */
  readyAtMs: number;
  /** What it is killed for, if it is. */
  fault: string | undefined;
}

/** The spares of an agent. */
export interface Spares {
  /** How many each service is to have, by name. */
  wanted: Readonly<Record<string, number>>;
  /** Those that there are, by number, the oldest first. */
  readonly all: Map<number, Spare>;
  /** Services whose last spares have ended by themselves: how many, and until when to wait. */
  readonly failures: Map<string, { readonly count: number; readonly retryAtMs: number }>;
  /** How often starting what is missing was put off in a row. */
  putOff: number;
  /** The highest number used so far. */
  lastID: number;
}

/** Everything that an agent holds. */
export interface AgentState {
  /** Who it is. */
  readonly options: AgentOptions;
  /** The services that it can start now, with what the manager must know of each. */
  manifests: Readonly<Record<string, ServiceManifest>>;
  /** The open link to the manager. */
  managerLink: LinkID | undefined;
  /** The number of the registration that is under way. */
  registerMessageID: number | undefined;
  /** Whether the manager has taken the registration of this link. */
  registered: boolean;
  /** Instances by number. */
  readonly instances: Map<number, LocalInstance>;
  /** Links of services: to the instance, or undefined while they have not said who they are. */
  readonly links: Map<LinkID, KnownLink>;
  /** Links of processes that have not said who they are, the oldest first. */
  readonly newcomers: Set<LinkID>;
  /** Processes that are no instances yet. */
  readonly spares: Spares;
  /** Requests passed up, by the number that the agent gave them. */
  readonly relays: Map<number, Relay>;
  /** The agent's number of a request, by `link/number of its sender`. */
  readonly relayIDs: Map<string, number>;
  /** Requests passed down, by `link/number of the agent`. */
  readonly downward: Map<string, Downward>;
  /** What the manager was told that instances use of the host. */
  readonly toldUsages: ToldUsages;
  /** Everything that has a time; keys are `kind:identity`. */
  readonly deadlines: Deadlines<string>;
  /** The highest message number used so far. */
  lastMessageID: number;
}

/** An agent that has nothing yet. */
export function createAgent(
  options: Partial<AgentOptions> & Pick<AgentOptions, "name" | "network" | "port" | "manifests">,
): AgentState {
  const known = { ...AGENT_DEFAULTS, ...options };
  return {
    options: known,
    manifests: options.manifests,
    managerLink: undefined,
    registerMessageID: undefined,
    registered: false,
    instances: new Map(),
    links: new Map(),
    newcomers: new Set(),
    spares: { wanted: known.warm, all: new Map(), failures: new Map(), putOff: 0, lastID: 0 },
    relays: new Map(),
    relayIDs: new Map(),
    downward: new Map(),
    toldUsages: emptyToldUsages(),
    deadlines: emptyDeadlines(),
    lastMessageID: 0,
  };
}

/** One step of an agent in progress. */
export interface AgentTurn {
  /** The state that the step changes. */
  readonly state: AgentState;
  /** The time of the step, in the host's milliseconds. */
  readonly nowMs: number;
  /** What the host shall do, in order. */
  readonly effects: AgentEffect[];
}

/** Sends by a link. */
export function send(turn: AgentTurn, link: LinkID, message: Message): void {
  turn.effects.push({ kind: "send", link, message });
}

/**
 * Sends to the manager, if it has taken the registration. What is lost here is not missed: the next
 * registration reports every instance and connection, and open requests are sent again.
 */
export function sendUp(turn: AgentTurn, message: Message): void {
  const { managerLink, registered } = turn.state;
  if (managerLink !== undefined && registered) send(turn, managerLink, message);
}

/** A number for a new message of the agent. */
export function newMessageID(turn: AgentTurn): number {
  turn.state.lastMessageID += 1;
  return turn.state.lastMessageID;
}

/** Says that a message made no sense and changed nothing. */
export function refuse(
  turn: AgentTurn,
  from: { link: LinkID; type: Message["type"] },
  refusal: LocalFailure,
): void {
  turn.effects.push({ kind: "refuse", ...from, ...refusal });
}
