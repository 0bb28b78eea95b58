/**
 * The manager's state: the registry, which is a fold over recorded facts, and what is waited for,
 * which is not: links, parked requests, deadlines. After a crash the registry is replayed and the
 * rest is asked for again by those who wait.
 *
 * @module
 */

import type { ReportedPort, ReportedRoute } from "../../protocol/announcements.ts";
import { type Deadlines, emptyDeadlines } from "../deadlines.ts";
import type { CloseLink, LinkClosed, LinkID, MessageArrived, Refuse, Send, Tick } from "../step.ts";
import type { InstanceHealth } from "./flows/instances/health.ts";
import type { BusyNote } from "./flows/instances/notes.ts";
import type { InstanceUsage } from "./flows/instances/usages.ts";
import { createScale, type ScaleState } from "./flows/scale/state.ts";
import type { Fact } from "./memory/facts.ts";
import { emptyRegistry, type Registry } from "./memory/registry.ts";
import { MANAGER_DEFAULTS, type ManagerOptions } from "./options.ts";

export { MANAGER_DEFAULTS, type ManagerOptions } from "./options.ts";

/** A connectionRequest that waits until an instance of the service runs. */
export interface Parked {
  /** The link of the agent that sent it. */
  readonly link: LinkID;
  /** The number that its answer must carry. */
  readonly messageID: number;
  /** The instance that asks. */
  readonly serviceID: number;
  /** The out-plug that it asks for. */
  readonly sourcePlug: number;
  /** Instances that it does not want; absent: it has none yet, any will do. */
  readonly avoid?: readonly number[];
  /** Requests that wait for it there. @default {1} */
  readonly waiting?: number;
  /** Since when it waits here. Milliseconds since 1970. @default {it does not} */
  readonly sinceMs?: number;
}

/** What a person or a program asks of the manager beside the protocol. */
export type ManagerCommand =
  | { readonly kind: "stopInstance"; readonly serviceID: number; readonly mode: "soft" | "hard" }
  | { readonly kind: "closeConnection"; readonly connectionID: number }
  | { readonly kind: "drainAgent"; readonly agent: string }
  | { readonly kind: "undrainAgent"; readonly agent: string }
  | { readonly kind: "restartService"; readonly service: string }
  | { readonly kind: "resetService"; readonly service: string }
  | { readonly kind: "stopMesh" };

/** The replacement of an instance, which goes on until the instance is gone or stays after all. */
export interface Replacement {
  /** The instance that takes over, once there is one. */
  successor: number | undefined;
  /** How many starts were ordered for it. */
  starts: number;
  /** Why the last of them failed, if another one would fail too. */
  failure: string | undefined;
}

/** What somebody who gave a command about several instances waits for. */
export interface Move {
  /** The instances that are not gone yet. */
  readonly waiting: Set<number>;
  /** What stays, and why. */
  readonly failed: string[];
  /** How many are gone. */
  gone: number;
}

/** A command, with the number under which its outcome is told. */
export interface CommandGiven {
  /** Tells events apart. */
  readonly kind: "command";
  /** Chosen by the host. */
  readonly commandID: number;
  /** What is asked. */
  readonly command: ManagerCommand;
}

/** The first event: the registry was replayed (or is new) and no link is open. */
export interface Recovered {
  /** Tells events apart. */
  readonly kind: "recovered";
}

/** What happens to a manager. */
export type ManagerEvent = MessageArrived | LinkClosed | Tick | CommandGiven | Recovered;

/** Write a fact to the store, before any later effect of the same list is performed. */
export interface Record {
  /** Tells effects apart. */
  readonly kind: "record";
  /** The fact, already applied to the registry. */
  readonly fact: Fact;
}

/** The outcome of a command. */
export interface CommandDone {
  /** Tells effects apart. */
  readonly kind: "commandDone";
  /** The number that the command came with. */
  readonly commandID: number;
  /** 2xx done, 4xx refused, 5xx failed. */
  readonly status: number;
  /** In words. */
  readonly reason: string;
}

/** Whom a message introduces to whom: with the key, the host adds a ticket to the message. */
export interface Introduction {
  /** The instance that will dial. */
  readonly sourceID: number;
  /** Its out-plug. */
  readonly sourcePlug: number;
  /** The instance that it will dial. */
  readonly destServiceID: number;
  /** The key of that instance's tickets. */
  readonly ticketKey: string;
}

/** Send a message, which may introduce its receiver to an instance. */
export interface ManagerSend extends Send {
  /** Set when the instance asks for tickets. */
  readonly introduces?: Introduction;
}

/** What a manager has done by its host. */
export type ManagerEffect = ManagerSend | CloseLink | Refuse | Record | CommandDone;

/** Everything that a manager holds. */
export interface ManagerState {
  /** Its times and bounds. */
  readonly options: ManagerOptions;
  /** What the history says. */
  readonly registry: Registry;
  /** The agent at the other end of each open link that has registered. */
  readonly agentOfLink: Map<LinkID, string>;
  /** The open link of each agent. */
  readonly linkOfAgent: Map<string, LinkID>;
  /** How many questions each connected agent was asked since it last said anything. */
  readonly unanswered: Map<string, number>;
  /** Requests that wait, by service and then by who asks. */
  readonly parked: Map<string, Map<string, Parked>>;
  /** Everything that has a time: a connection by its number, all else as `kind:identity`. */
  readonly deadlines: Deadlines<string | number>;
  /** Connections that somebody was asked to close, by the number of the request. */
  readonly closeRequests: Map<number, { readonly link: LinkID; readonly connectionID: number }>;
  /** Instances that registered by themselves, by `link/messageID`: a repeated request is one. */
  readonly registrations: Map<string, number>;
  /** Which end of a closing connection was asked last. */
  readonly closeEnds: Map<number, "source" | "dest">;
  /** How often an agent was told to kill an instance. */
  readonly killAttempts: Map<number, number>;
  /** Instances that refused to end: they wait to be asked again, or were. */
  readonly refusals: Map<number, "waiting" | "answered">;
  /** How often a start of a service was repeated because its plug was taken. */
  readonly plugRetries: Map<string, number>;
  /** Keys of the tickets of live instances, by instance. They are secrets: no fact tells them. */
  readonly ticketKeys: Map<number, string>;
  /** What live instances use of their hosts, as far as it was told. */
  readonly usages: Map<number, InstanceUsage>;
  /** What instances work on by themselves, as far as they said. */
  readonly busy: Map<number, BusyNote>;
  /** Exchanges that are open on connections, by their number, as their sources told last. */
  readonly inFlight: Map<number, number>;
  /** How running instances are, as far as they said. */
  readonly healths: Map<number, InstanceHealth>;
  /** How long instances of a service live at least with too much memory. Milliseconds. */
  readonly memoryWaits: Map<string, number>;
  /** Whose turn it is among the instances of a service. */
  readonly turns: Map<string, number>;
  /** Since when each agent that is known has had no link; milliseconds since 1970. */
  readonly absences: Map<string, number>;
  /** The instance that each agent was told to start last: of equal agents it is another's turn. */
  readonly placed: Map<string, number>;
  /** Instances that are being replaced, by service and number. */
  readonly replacements: Map<string, Map<number, Replacement>>;
  /** Of which services some instances run though nobody asks. */
  readonly scale: ScaleState;
  /** Services whose replacements wait until fewer others start. */
  readonly held: Set<string>;
  /** What commands about several instances wait for, by the key of the command. */
  readonly moves: Map<string, Move>;
  /** The number of the newest repositoryInfo of each link: a repeated one is one. */
  readonly repositories: Map<LinkID, number>;
  /** The ways in from outside that gateways were told of. */
  routes: readonly ReportedRoute[];
  /** The ports of gateways that they were told of. */
  ports: readonly ReportedPort[];
  /**
   * The least number for a new instance: above those that a history which was lost may have given
   * to agents that are not back yet.
   */
  serviceIDsFrom: number;
  /** Until when agents are awaited after the manager was away; milliseconds since 1970. */
  awaitedUntilMs: number;
  /** Commands that wait for the end of an instance or connection, by its deadline-like key. */
  readonly commands: Map<string, number[]>;
  /** Whether the mesh is closing: nothing new is started. */
  stopping: boolean;
  /** The highest message number used so far. */
  lastMessageID: number;
}

/**
 * A manager on a registry, which is empty or was replayed from a store. Its first event must be
 * `recovered`.
 */
export function createManager(
  options: Partial<ManagerOptions> = {},
  registry: Registry = emptyRegistry(),
): ManagerState {
  return {
    options: { ...MANAGER_DEFAULTS, ...options },
    registry,
    agentOfLink: new Map(),
    linkOfAgent: new Map(),
    unanswered: new Map(),
    parked: new Map(),
    deadlines: emptyDeadlines(),
    closeRequests: new Map(),
    registrations: new Map(),
    closeEnds: new Map(),
    killAttempts: new Map(),
    refusals: new Map(),
    plugRetries: new Map(),
    ticketKeys: new Map(),
    usages: new Map(),
    busy: new Map(),
    inFlight: new Map(),
    healths: new Map(),
    memoryWaits: new Map(),
    turns: new Map(),
    absences: new Map(),
    placed: new Map(),
    replacements: new Map(),
    scale: createScale(),
    held: new Set(),
    moves: new Map(),
    repositories: new Map(),
    routes: [],
    ports: [],
    serviceIDsFrom: 0,
    awaitedUntilMs: 0,
    commands: new Map(),
    stopping: false,
    lastMessageID: 0,
  };
}
