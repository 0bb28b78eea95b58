/**
 * The host of the `manager` role: facts go to the store before the messages that follow from them
 * leave, all facts of one turn of the event loop in one commit.
 *
 * While they can't go there, since the disk is full, the role stands still: what follows from them
 * does not leave, new work is refused, and what tells of the world waits. Services, sources and
 * their connections need no manager meanwhile. So nothing is ever done that is not in the history.
 *
 * @module
 */

import type { Message } from "../../protocol/messages.ts";
import { STATUS } from "../../protocol/status.ts";
import { countLive } from "../../roles/manager/flows/scale/bounds.ts";
import type { Fact } from "../../roles/manager/memory/facts.ts";
import { findConnection, type Registry } from "../../roles/manager/memory/registry.ts";
import {
  createManager,
  type ManagerCommand,
  type ManagerEffect,
  type ManagerEvent,
  type ManagerOptions,
  type ManagerSend,
  type ManagerState,
} from "../../roles/manager/state.ts";
import { MANAGER } from "../../roles/manager/step.ts";
import type { LinkID } from "../../roles/step.ts";
import type { Link, LinkEvents } from "../../transports/link.ts";
import type { ManagerNow } from "../admin/views/registry_view.ts";
import { clockMs, RoleHost } from "../host.ts";
import { LinkTable } from "../links.ts";
import { AgentQuestions, type OutputAnswer, type OutputAsked } from "../output/agent_questions.ts";
import { Refusals } from "../refusals.ts";
import type { Store } from "../store/store.ts";
import { MessageTaps } from "../tap/message_taps.ts";
import { endFuture, recoverRegistry } from "../store/recovery.ts";
import { TicketIssuer } from "../tickets/ticket_issuer.ts";
import { type Arrival, HeldEvents } from "./held_events.ts";
import { Recorder } from "./recorder.ts";

/** How a manager is set up. */
export interface ManagerHostOptions {
  /** Where facts are kept. */
  readonly store: Store;
  /** Times and bounds of the role. */
  readonly manager?: Partial<ManagerOptions>;
  /** Takes a line for a person when something was refused, or can't be recorded. */
  readonly warn: (text: string) => void;
  /** The time between two attempts to record what could not be. Milliseconds. @default {1_000} */
  readonly recordRetryMs?: number;
}

/** The outcome of a command. */
export interface CommandOutcome {
  /** 2xx done, 4xx refused, 5xx failed. */
  readonly status: number;
  /** In words. */
  readonly reason: string;
}

/** Most commands that wait for their outcome. */
const COMMANDS_MAX = 1_000;

/** A running manager. */
export class ManagerHost {
  /** What was refused so far, counted. */
  readonly refusals: Refusals;
  readonly #host: RoleHost<ManagerState, ManagerEvent, ManagerEffect>;
  readonly #links: LinkTable;
  readonly #recorder: Recorder;
  readonly #held: HeldEvents;
  readonly #questions = new AgentQuestions({
    linkOf: (agent) => this.#host.state.linkOfAgent.get(agent),
    send: (link, message) => this.#send(link, message),
  });
  /** Whoever watches its messages. What is no message, and the answer to it, is not shown. */
  readonly taps: MessageTaps = new MessageTaps({
    agentOf: (link) => this.#host.state.agentOfLink.get(link),
    serviceOf: (serviceID) => this.registry.instances.get(serviceID)?.service,
    destOf: (serviceID, sourcePlug) =>
      findConnection(this.registry, serviceID, sourcePlug)?.destServiceID,
  });
  readonly #tickets = new TicketIssuer();
  readonly #listeners = new Set<(facts: readonly Fact[]) => void>();
  readonly #commands = new Map<number, (outcome: CommandOutcome) => void>();
  #lastCommandID = 0;

  /** Recovers the registry from the store and waits for links. */
  constructor(options: ManagerHostOptions) {
    const { store, warn, recordRetryMs: retryMs } = options;
    this.#recorder = new Recorder({
      store,
      warn,
      registry: () => this.registry,
      waiting: () => this.#standStill(),
      ...(retryMs === undefined ? {} : { retryMs }),
    });
    this.#held = new HeldEvents({
      send: (link, message) => this.#send(link, message),
      abort: (link, reason) => this.#links.abort(link, reason),
    });
    this.refusals = new Refusals(warn);
    const registry = recoverRegistry(store);
    endFuture(registry, clockMs());
    this.#host = new RoleHost<ManagerState, ManagerEvent, ManagerEffect>({
      role: MANAGER,
      state: createManager(options.manager, registry),
      tick: { kind: "tick" },
      perform: (effects) => this.#perform(effects),
    });
    this.#links = new LinkTable({
      dispatch: (event) => this.#arrive(event),
      refused: (refusal) => this.refusals.add(refusal),
    });
    this.#host.dispatch({ kind: "recovered" });
  }

  /** What the manager knows now; to be read only. */
  get registry(): Registry {
    return this.#host.state.registry;
  }

  /** What it knows beside that; to be read only. */
  get now(): ManagerNow {
    const { usages, busy, inFlight } = this.#host.state;
    const nowMs = clockMs();
    const liveOf = (service: string) => countLive({ state: this.#host.state, nowMs }, service);
    return { usages, busy, inFlight, liveOf, nowMs };
  }

  /** Why it takes no new work now; undefined while it does. */
  get problem(): string | undefined {
    return this.#recorder.problem;
  }

  /** Takes in a link of an agent that is made from the events that it will tell. */
  openLink(make: (events: LinkEvents) => Link): LinkID {
    return this.#links.open("agent", make);
  }

  /** Takes in a link of an agent that exists already. */
  admitLink(link: Link): LinkEvents {
    return this.#links.admit("agent", link).events;
  }

  /** Ends a link whose other end is known to be gone. */
  abortLink(link: LinkID, reason: string): void {
    this.#links.abort(link, reason);
  }

  /** Carries out a command; resolves when what it asks for has happened, or was refused. */
  command(command: ManagerCommand): Promise<CommandOutcome> {
    if (this.#commands.size >= COMMANDS_MAX) {
      const reason = `Cannot take the command: ${COMMANDS_MAX} wait already`;
      return Promise.resolve({ status: STATUS.tooMany, reason });
    }
    const { problem } = this;
    if (problem !== undefined) {
      return Promise.resolve({ status: STATUS.unavailable, reason: problem });
    }
    this.#lastCommandID += 1;
    const commandID = this.#lastCommandID;
    const { promise, resolve } = Promise.withResolvers<CommandOutcome>();
    this.#commands.set(commandID, resolve);
    this.#host.dispatch({ kind: "command", commandID, command });
    return promise;
  }

  /** Calls a listener with facts once they are recorded; returns how to end that. */
  subscribe(listener: (facts: readonly Fact[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The agents that can be asked for output now. */
  get connectedAgents(): string[] {
    return [...this.#host.state.linkOfAgent.keys()];
  }

  /** Asks an agent what its instances wrote; see {@linkcode AgentQuestions}. */
  askForOutput(agent: string, asked: OutputAsked): Promise<OutputAnswer> {
    return this.#questions.ask(agent, asked);
  }

  /** Stops deciding; links close. The store stays open, it is its owner's. */
  stop(): void {
    this.#recorder.stop();
    this.#host.stop();
    this.#links.closeAll();
  }

  #send(link: LinkID, message: Message): void {
    if (this.taps.areOpen) this.taps.pass({ link, message, isLeaving: true });
    this.#links.send(link, message);
  }

  #arrive(event: Arrival): void {
    if (this.taps.areOpen && event.kind === "message") {
      this.taps.pass({ link: event.link, message: event.message, isLeaving: false });
    }
    if (event.kind === "linkClosed") this.#questions.unlinked(event.link, event.reason);
    else if (event.message.type === "outputResponse") {
      return this.#questions.answered(event.link, event.message);
    }
    const { problem } = this;
    if (problem === undefined) this.#host.dispatch(event);
    else this.#held.take(event, problem);
  }

  /** The role waits for what it decided last, but no agent shall think that nobody is here. */
  #standStill(): void {
    this.#host.hold();
    const { linkOfAgent, registry, lastMessageID } = this.#host.state;
    for (const [agent, link] of linkOfAgent) {
      const agentNetwork = registry.agents.get(agent)?.network;
      if (agentNetwork === undefined) continue;
      // The answer is of no use, so its number need not be new.
      const messageID = lastMessageID + 1;
      this.#send(link, { type: "agentHealthRequest", messageID, agentNetwork });
    }
  }

  #goOn(): void {
    for (const event of this.#held.release()) this.#host.dispatch(event);
    this.#host.release();
  }

  #perform(effects: readonly ManagerEffect[]): void {
    const facts: Fact[] = [];
    for (const effect of effects) if (effect.kind === "record") facts.push(effect.fact);
    if (facts.length === 0) return this.#performOthers(effects);
    let isLater = false;
    this.#recorder.record(facts, () => {
      this.#performOthers(effects);
      // Whoever waits for an answer comes before whoever watches.
      for (const listener of this.#listeners) listener(facts);
      if (isLater) this.#goOn();
    });
    isLater = true;
  }

  /** Tickets are made as late as this: they are good for a short time. */
  #introduced({ message, introduces }: ManagerSend): Message {
    if (introduces === undefined || message.type !== "connectionResponse") return message;
    return { ...message, ticket: this.#tickets.issue(introduces, introduces.ticketKey) };
  }

  #performOthers(effects: readonly ManagerEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "send":
          this.#send(effect.link, this.#introduced(effect));
          break;
        case "closeLink":
          this.#links.close(effect.link);
          break;
        case "refuse":
          this.refusals.add(effect);
          break;
        case "commandDone":
          this.#commands.get(effect.commandID)?.(effect);
          this.#commands.delete(effect.commandID);
      }
    }
  }
}
