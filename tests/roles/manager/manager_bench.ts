/**
 * A manager on a bench. After every step it is checked that the registry is the fold of the
 * history, that it is true in itself, and that everything that waits has a deadline.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  HEALTH_DEFAULTS,
  MANIFEST_DEFAULTS,
  type ServiceManifest,
} from "../../../protocol/manifest.ts";
import type { Message } from "../../../protocol/messages.ts";
import { hasDeadline } from "../../../roles/deadlines.ts";
import type { Fact, FactKind } from "../../../roles/manager/memory/facts.ts";
import { foldFacts } from "../../../roles/manager/memory/fold.ts";
import {
  type Connection,
  findConnection,
  type Instance,
} from "../../../roles/manager/memory/registry.ts";
import {
  createManager,
  type ManagerCommand,
  type ManagerEffect,
  type ManagerEvent,
  type ManagerOptions,
  type ManagerState,
} from "../../../roles/manager/state.ts";
import { MANAGER } from "../../../roles/manager/step.ts";
import { type Of, theOne, theSent } from "../effects.ts";

/** Health requests are asked for by the tests that are about them. */
const QUIET: Partial<ManagerOptions> = {
  healthIntervalMs: 1_000_000_000,
  health: { ...HEALTH_DEFAULTS, intervalMs: 2_000_000_000 },
};

/** A manager, its history and its clock. */
export class ManagerBench {
  /** The simulated time. */
  nowMs = 1_000_000;
  /** Whether each step is held to the fold: not after a test has changed the registry by hand. */
  isFolded = true;
  /** Everything that was recorded. */
  readonly history: Fact[] = [];
  /** The manager. */
  state: ManagerState;
  readonly #options: Partial<ManagerOptions>;
  #lastMessageID = 0;
  #lastCommandID = 0;

  /** A manager without history. */
  constructor(options: Partial<ManagerOptions> = {}) {
    this.#options = { ...QUIET, ...options };
    this.state = createManager(this.#options);
    this.step({ kind: "recovered" });
  }

  /** Feeds one event, and checks what must hold after any step. */
  step(event: ManagerEvent): ManagerEffect[] {
    const effects = MANAGER.step(this.state, event, this.nowMs);
    for (const effect of effects) if (effect.kind === "record") this.history.push(effect.fact);
    this.check();
    return effects;
  }

  /** Lets a message come by a link. */
  take(link: string, message: Message): ManagerEffect[] {
    return this.step({ kind: "message", link, message });
  }

  /** Lets a message come again and again: nothing but answers and refusals may follow. */
  takeAgain(link: string, message: Message): ManagerEffect[] {
    const before = this.history.length;
    const effects = this.take(link, message);
    assertEquals(this.history.slice(before), [], "a repeated message was recorded");
    return effects;
  }

  /** Gives a command. */
  command(command: ManagerCommand): ManagerEffect[] {
    this.#lastCommandID += 1;
    return this.step({ kind: "command", commandID: this.#lastCommandID, command });
  }

  /** Lets time pass, with a tick at each deadline. */
  wait(durationMs: number): ManagerEffect[] {
    const untilMs = this.nowMs + durationMs;
    const effects: ManagerEffect[] = [];
    for (;;) {
      const dueAtMs = MANAGER.nextDeadlineMs(this.state);
      if (dueAtMs === undefined || dueAtMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueAtMs);
      effects.push(...this.step({ kind: "tick" }));
    }
    this.nowMs = untilMs;
    return effects;
  }

  /** The manager crashes, and another one begins with the history. */
  restart(): ManagerEffect[] {
    this.state = createManager(this.#options, foldFacts(this.history));
    return this.step({ kind: "recovered" });
  }

  /** A number for a message of an agent. */
  newMessageID(): number {
    this.#lastMessageID += 1;
    return this.#lastMessageID;
  }

  /** A registration of an agent, whose link has its name unless another is given. */
  addAgent(
    name: string,
    services: Readonly<Record<string, Partial<ServiceManifest>>>,
    options: { link?: string; network?: string; report?: Partial<Of<"agentRegisterRequest">> } = {},
  ): ManagerEffect[] {
    const manifests = Object.fromEntries(
      Object.entries(services).map(([key, own]) => [key, { ...MANIFEST_DEFAULTS, ...own }]),
    );
    return this.take(options.link ?? name, {
      type: "agentRegisterRequest",
      messageID: this.newMessageID(),
      agentNetwork: options.network ?? "10.0.0.1",
      agentPort: 7_000,
      agentName: name,
      repository: Object.keys(services),
      manifests,
      ...options.report,
    });
  }

  /** The gateway registers through an agent. */
  addGateway(link: string): number {
    const effects = this.take(link, {
      type: "serviceRegisterRequest",
      messageID: this.newMessageID(),
      typeOfService: "gateway",
      plugsConfiguration: { in: null, out: "*" },
    });
    return theSent(effects, "serviceRegisterResponse").serviceID ?? 0;
  }

  /** An instance asks for a connection. */
  ask(link: string, ask: { serviceID: number; sourcePlug: number; dest: string }): {
    messageID: number;
    effects: ManagerEffect[];
  } {
    const messageID = this.newMessageID();
    const { serviceID, sourcePlug, dest: destServiceName } = ask;
    const request = { messageID, serviceID, sourcePlug, destServiceName };
    return { messageID, effects: this.take(link, { type: "connectionRequest", ...request }) };
  }

  /** An agent says that a start succeeded, or how it failed. */
  confirmStart(
    link: string,
    serviceID: number,
    failure?: { status: number; reason: string },
  ): ManagerEffect[] {
    const outcome = failure ?? { status: 200 };
    const messageID = this.newMessageID();
    return this.take(link, { type: "startServiceResponse", messageID, serviceID, ...outcome });
  }

  /** An instance is asked for, started and connected to: the numbers of all. */
  connect(
    link: string,
    ask: { serviceID: number; sourcePlug: number; dest: string; destLink?: string },
  ): { instance: Instance; connection: Connection } {
    const { messageID, effects } = this.ask(link, ask);
    const starts = effects.some((one) => one.kind === "record");
    const [ordered] = effects.flatMap((one) =>
      one.kind === "send" && one.message.type === "startServiceRequest" ? [one.message] : []
    );
    assert(starts);
    if (ordered !== undefined) this.confirmStart(ask.destLink ?? link, ordered.serviceID);
    const { serviceID, sourcePlug } = ask;
    const connection = this.connectionOf(serviceID, sourcePlug);
    const { destPlug } = connection;
    const confirmed = { messageID, serviceID, sourcePlug, destPlug, status: 200 };
    this.take(link, { type: "connectionConfirmation", ...confirmed });
    return { instance: this.instance(connection.destServiceID), connection };
  }

  /** A live instance. */
  instance(serviceID: number): Instance {
    const instance = this.state.registry.instances.get(serviceID);
    assert(instance !== undefined, `there is no instance ${serviceID}`);
    return instance;
  }

  /** The connection from a plug. */
  connectionOf(serviceID: number, sourcePlug: number): Connection {
    const connection = findConnection(this.state.registry, serviceID, sourcePlug);
    assert(connection !== undefined, `plug ${sourcePlug} of ${serviceID} is not connected`);
    return connection;
  }

  /** The kinds of the facts since a place in the history. */
  kindsSince(seq: number): FactKind[] {
    return this.history.slice(seq).map(({ kind }) => kind);
  }

  /** What must hold after any step. */
  check(): void {
    const { registry, deadlines, parked, closeRequests } = this.state;
    if (this.isFolded) assertEquals(registry, foldFacts(this.history), "it is not the fold");
    const plugs = new Set<string>();
    for (
      const { serviceID, network, plugs: { in: plug }, launched, state } of registry.instances
        .values()
    ) {
      assert(!launched || plug === null || !plugs.has(`${network}:${plug}`), "a plug is shared");
      if (launched) plugs.add(`${network}:${plug}`);
      if (state === "starting") assert(hasDeadline(deadlines, `start:${serviceID}`), "start");
      if (state === "closing") assert(hasDeadline(deadlines, `phase:${serviceID}`), "phase");
    }
    for (const { connectionID, serviceID, destServiceID, state } of registry.connections.values()) {
      assert(registry.instances.has(serviceID) && registry.instances.has(destServiceID));
      assert(hasDeadline(deadlines, connectionID), `${state} without deadline`);
    }
    for (const [service, waiting] of parked) {
      for (const key of waiting.keys()) assert(hasDeadline(deadlines, `parked:${service}/${key}`));
    }
    for (const messageID of closeRequests.keys()) {
      assert(hasDeadline(deadlines, `asked:${messageID}`));
    }
  }

  /** The outcome of the one command that is done. */
  static outcome(effects: readonly ManagerEffect[]): { status: number; reason: string } {
    const { status, reason } = theOne(effects, "commandDone");
    return { status, reason };
  }
}
