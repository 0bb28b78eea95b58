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
import type { CloseLink, LinkClosed, LinkID, MessageArrived, Refuse, Send, Tick } from "../step.ts";

/** Who an agent is, and its times and bounds. */
export interface AgentOptions {
  /** Its name, unique in the mesh. */
  readonly name: string;
  /** The address of its host, at which its services can be dialled. */
  readonly network: string;
  /** The port on which it accepts services. */
  readonly port: number;
  /** The services that it can start, with what the manager must know of each. */
  readonly manifests: Readonly<Record<string, ServiceManifest>>;
  /** What its host is like, for services that ask for it. @default {{}} */
  readonly labels: Readonly<Record<string, string>>;
  /** Most instances that it says it runs at a time; undefined: no bound. @default {undefined} */
  readonly capacity: number | undefined;
  /** A link that does not say who it is within this is closed. Milliseconds. @default {10_000} */
  readonly helloMs: number;
  /**
   * A process that lost its link or failed has this long to end itself. Milliseconds.
   *
   * @default {5_000}
   */
  readonly orphanMs: number;
  /** A killed process group has this long to be gone. Milliseconds. @default {5_000} */
  readonly killMs: number;
  /**
   * A passed request is answered for the manager after this long. Milliseconds.
   *
   * @default {120_000}
   */
  readonly relayMs: number;
  /** Most requests that wait for an answer of the manager. @default {20_000} */
  readonly relaysMax: number;
  /** Most instances at a time. @default {10_000} */
  readonly instancesMax: number;
}

/** The times and bounds of an agent that are not set. */
export const AGENT_DEFAULTS = {
  labels: {},
  capacity: undefined,
  helloMs: 10_000,
  orphanMs: 5_000,
  killMs: 5_000,
  relayMs: 120_000,
  relaysMax: 20_000,
  instancesMax: 10_000,
} as const;

/**
 * The life of an instance at its agent: `launching` until it proves itself, `running`, or `failing`
 * when its start has failed and its process must go.
 */
export type LocalPhase = "launching" | "running" | "failing";

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
  /** Where in its life it is. */
  phase: LocalPhase;
  /** The secret that its process must show; gone once shown. */
  token: string | undefined;
  /** The key of its tickets, if it has one. */
  ticketKey: string | undefined;
  /** Its link, once it has shown who it is. */
  link: LinkID | undefined;
  /** Why its start failed, when it is failing and nobody was told yet. */
  failure: LocalFailure | undefined;
  /** What it said of its own end, or what the agent did to it. */
  lastWords: LocalFailure | undefined;
  /** Numbers of the requests to kill it. */
  readonly kills: number[];
  /** Its open connections as a source, by out-plug. */
  readonly connections: Map<number, { readonly destServiceID: number; readonly destPlug: number }>;
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
  /** The number that the manager gave it. */
  readonly messageID: number;
  /** The connection that it is about, if it is about one that starts here. */
  readonly sourcePlug: number | undefined;
}

/** A link to the manager is open. */
export interface ManagerLinked {
  /** Tells events apart. */
  readonly kind: "managerLinked";
  /** The link. */
  readonly link: LinkID;
}

/** Somebody opened a link to the agent. */
export interface ServiceLinked {
  /** Tells events apart. */
  readonly kind: "serviceLinked";
  /** The link. */
  readonly link: LinkID;
  /** Whether the host knows who it is: only then may it register without a token. */
  readonly trusted: boolean;
}

/** The process of an instance was created. */
export interface ProcessStarted {
  /** Tells events apart. */
  readonly kind: "processStarted";
  /** The instance. */
  readonly serviceID: number;
  /** The one-time secret that was put in its environment. */
  readonly token: string;
  /** The key of its tickets, which the manager is told; without one it gets none. */
  readonly ticketKey?: string;
}

/** The process of an instance could not be created. */
export interface ProcessFailed {
  /** Tells events apart. */
  readonly kind: "processFailed";
  /** The instance. */
  readonly serviceID: number;
  /** Why. */
  readonly reason: string;
}

/** The process of an instance has ended. */
export interface ProcessExited {
  /** Tells events apart. */
  readonly kind: "processExited";
  /** The instance. */
  readonly serviceID: number;
  /** Its exit code. */
  readonly exitCode: number;
  /** The signal that ended it, if one did. */
  readonly signal: string | undefined;
  /** The last lines that it wrote to stderr. */
  readonly lastLines: readonly string[];
}

/** What happens to an agent. */
export type AgentEvent =
  | MessageArrived
  | LinkClosed
  | Tick
  | ManagerLinked
  | ServiceLinked
  | ProcessStarted
  | ProcessFailed
  | ProcessExited;

/** Create the process of an instance; `processStarted` or `processFailed` must follow. */
export interface Launch {
  /** Tells effects apart. */
  readonly kind: "launch";
  /** The instance. */
  readonly serviceID: number;
  /** The service to start. */
  readonly service: string;
  /** Its plugs. */
  readonly plugs: PlugConfiguration;
  /** The number that its startServiceResponse must carry. */
  readonly messageID: number;
}

/** Kill the whole process group of an instance; `processExited` follows. */
export interface Kill {
  /** Tells effects apart. */
  readonly kind: "kill";
  /** The instance. */
  readonly serviceID: number;
}

/** What an agent has done by its host. */
export type AgentEffect = Send | CloseLink | Refuse | Launch | Kill;

/** Everything that an agent holds. */
export interface AgentState {
  /** Who it is. */
  readonly options: AgentOptions;
  /** The open link to the manager. */
  managerLink: LinkID | undefined;
  /** The number of the registration that is under way. */
  registerMessageID: number | undefined;
  /** Whether the manager has taken the registration of this link. */
  registered: boolean;
  /** Instances by number. */
  readonly instances: Map<number, LocalInstance>;
  /** Links of services: to the instance, or undefined while they have not said who they are. */
  readonly links: Map<LinkID, { readonly trusted: boolean; serviceID: number | undefined }>;
  /** Requests passed up, by the number that the agent gave them. */
  readonly relays: Map<number, Relay>;
  /** The agent's number of a request, by `link/number of its sender`. */
  readonly relayIDs: Map<string, number>;
  /** Requests passed down, by `link/number of the agent`. */
  readonly downward: Map<string, Downward>;
  /** Everything that has a time; keys are `kind:identity`. */
  readonly deadlines: Deadlines<string>;
  /** The highest message number used so far. */
  lastMessageID: number;
}

/** An agent that has nothing yet. */
export function createAgent(
  options: Partial<AgentOptions> & Pick<AgentOptions, "name" | "network" | "port" | "manifests">,
): AgentState {
  return {
    options: { ...AGENT_DEFAULTS, ...options },
    managerLink: undefined,
    registerMessageID: undefined,
    registered: false,
    instances: new Map(),
    links: new Map(),
    relays: new Map(),
    relayIDs: new Map(),
    downward: new Map(),
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
