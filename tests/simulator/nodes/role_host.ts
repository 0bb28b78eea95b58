/**
 * The loop that feeds a role and performs its effects, as the runtime's host does.
 *
 * @module
 */

import type { Message } from "../../../protocol/messages.ts";
import { parseMessage } from "../../../protocol/parse_message.ts";
import type { Role } from "../../../roles/step.ts";
import type { World } from "../world.ts";

type Kinded = { readonly kind: string };

/** What a host needs to know of its role. */
export interface HostSetup<State, Event, Effect> {
  /** For the trace. */
  readonly name: string;
  /** The role. */
  readonly role: Role<State, Event, Effect>;
  /** Its state. */
  readonly state: State;
  /** Makes the event of a message. */
  readonly messageEvent: (link: string, message: Message) => Event;
  /** The event of a deadline. */
  readonly tick: Event;
  /** Performs one effect; must not step the role. */
  readonly perform: (effect: Effect) => void;
  /** Looks at the state after each step. */
  readonly observe?: (effects: readonly Effect[]) => void;
}

/** A role that runs, until it is stopped. */
export class RoleHost<State, Event extends Kinded, Effect extends Kinded> {
  /** Whether it has ended or crashed. */
  isStopped = false;
  /** When it was stepped last. */
  steppedMs = 0;
  #wakeAtMs = Infinity;

  /** A host of a role in the simulated world. */
  constructor(readonly world: World, readonly setup: HostSetup<State, Event, Effect>) {}

  /** The state of the role. */
  get state(): State {
    return this.setup.state;
  }

  /** A value came in by a link. */
  receive(link: string, value: unknown): void {
    if (this.isStopped) return;
    const parsed = parseMessage(value);
    if ("message" in parsed) this.handle(this.setup.messageEvent(link, parsed.message));
    else this.world.count("malformed");
  }

  /** Steps the role and performs its effects. */
  handle(event: Event): void {
    if (this.isStopped) return;
    const { role, state, name, perform, observe } = this.setup;
    const { world } = this;
    let effects: Effect[] = [];
    this.steppedMs = world.timeline.nowMs;
    try {
      effects = role.step(state, event, world.timeline.nowMs);
    } catch (error) {
      this.isStopped = true;
      world.violations.report("role", `${name} threw at ${JSON.stringify(event)}: ${error}`);
    }
    world.count("steps");
    world.trace(name, event, effects);
    for (const effect of effects) {
      if (this.isStopped) break;
      if (effect.kind === "refuse") world.count("refused");
      perform(effect);
    }
    if (!this.isStopped) observe?.(effects);
    this.#arm();
  }

  #arm(): void {
    const dueAtMs = this.setup.role.nextDeadlineMs(this.state);
    if (dueAtMs === undefined || this.#wakeAtMs <= dueAtMs || this.isStopped) return;
    const { timeline, network } = this.world;
    const atMs = Math.max(dueAtMs, timeline.nowMs) + network.whole(0, 3);
    this.#wakeAtMs = dueAtMs;
    timeline.after(atMs - timeline.nowMs, () => this.#wake(dueAtMs));
  }

  #wake(dueAtMs: number): void {
    if (this.#wakeAtMs !== dueAtMs) return;
    this.#wakeAtMs = Infinity;
    const nextMs = this.setup.role.nextDeadlineMs(this.state);
    if (nextMs !== undefined && nextMs <= this.world.timeline.nowMs) this.handle(this.setup.tick);
    else this.#arm();
  }
}
