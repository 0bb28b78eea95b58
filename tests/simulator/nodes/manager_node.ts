/**
 * The simulated manager with its store: a list of facts as text, which outlives its crashes.
 *
 * @module
 */

import type { Fact } from "../../../roles/manager/memory/facts.ts";
import { foldFacts } from "../../../roles/manager/memory/fold.ts";
import {
  createManager,
  type ManagerCommand,
  type ManagerEffect,
  type ManagerEvent,
  type ManagerState,
} from "../../../roles/manager/state.ts";
import { FactsChecker } from "../checkers/facts.ts";
import { judgePlugs, judgeStarts } from "../checkers/plugs.ts";
import type { LinkEnd, LinkOwner } from "./links.ts";
import { RoleHost } from "./role_host.ts";
import type { World } from "../world.ts";

/** The place of the manager. */
export class ManagerNode {
  /** The manager that runs now. */
  run: ManagerRun | undefined;
  /** What was recorded, as text. */
  store: string[] = [];
  /** After how many more effects it dies; undefined: it does not. */
  effectsLeft: number | undefined;
  /** What the store must say. */
  facts: FactsChecker;

  /** A place with an empty store. */
  constructor(readonly world: World) {
    this.facts = new FactsChecker(world);
  }

  /** Starts the manager, unless it runs. */
  start(): void {
    if (this.run === undefined && this.world.options.forgetsAll) {
      this.store = [];
      this.facts = new FactsChecker(this.world);
    }
    this.run ??= new ManagerRun(this.world, this);
    const { host } = this.run;
    if (host.state.registry.lastSeq > 0 || this.store.length === 0) return;
    this.world.violations.report("facts", "a manager did not replay its store");
  }

  /** The manager dies. */
  crash(): void {
    this.effectsLeft = undefined;
    this.run?.crash();
    this.run = undefined;
  }
}

/** A manager from its start to its crash. */
export class ManagerRun implements LinkOwner {
  /** Its links. */
  readonly ends = new Map<string, LinkEnd>();
  /** The manager role. */
  readonly host: RoleHost<ManagerState, ManagerEvent, ManagerEffect>;
  /** Commands that are not done, with the time at which they were given. */
  readonly commands = new Map<number, number>();
  #lastCommandID = 0;

  /** A manager that replays its store. */
  constructor(readonly world: World, readonly node: ManagerNode) {
    const facts = node.store.map((text): Fact => JSON.parse(text));
    this.host = new RoleHost(world, {
      name: "manager",
      role: world.roles.manager,
      state: createManager(world.managerOptions, foldFacts(facts)),
      messageEvent: (link, message) => ({ kind: "message", link, message }),
      tick: { kind: "tick" },
      perform: (effect) => this.#perform(effect),
      observe: (effects) => {
        node.facts.stepped(this.host.state.registry);
        if (effects.length === 0) return;
        judgePlugs(world, this.host.state.registry);
        judgeStarts(world, this.host.state);
      },
    });
    this.host.handle({ kind: "recovered" });
  }

  /** A value came in. */
  received(link: string, value: unknown): void {
    this.host.receive(link, value);
  }

  /** A link ended. */
  closed(link: string, reason: string): void {
    this.ends.delete(link);
    this.host.handle({ kind: "linkClosed", link, reason });
  }

  /** Gives a command. */
  command(command: ManagerCommand): void {
    this.#lastCommandID += 1;
    const commandID = this.#lastCommandID;
    this.commands.set(commandID, this.world.timeline.nowMs);
    this.host.handle({ kind: "command", commandID, command });
  }

  #perform(effect: ManagerEffect): void {
    const { node } = this;
    switch (effect.kind) {
      case "record":
        node.store.push(JSON.stringify(effect.fact));
        node.facts.recorded(node.store.at(-1) ?? "");
        break;
      case "send":
        node.facts.sent(effect.message);
        this.ends.get(effect.link)?.send(effect.message);
        break;
      case "closeLink":
        this.ends.get(effect.link)?.close(effect.reason);
        break;
      case "commandDone":
        if (!this.commands.delete(effect.commandID)) {
          const text = `command ${effect.commandID} was done twice`;
          this.world.violations.report("commands", text);
        }
        break;
      case "refuse":
        break;
    }
    if (node.effectsLeft === undefined) return;
    node.effectsLeft -= 1;
    if (node.effectsLeft > 0) return;
    this.world.count("crashesMidStep");
    node.crash();
  }

  /** It is gone. */
  crash(): void {
    this.host.isStopped = true;
    for (const end of this.ends.values()) end.abandon("the manager died");
  }
}
