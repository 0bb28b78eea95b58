/**
 * A role with its simulated host: what is the same for all roles.
 *
 * @module
 */

import type { Message } from "../../protocol/messages.ts";
import type { CloseLink, Refuse, Role, Send } from "../../roles/step.ts";
import type { Actor, World } from "./world.ts";

/** Performs the effects that every role has; false when the effect is another one. */
function performCommon(world: World, actor: Actor, effect: { kind: string }): boolean {
  if (isSend(effect)) world.send(actor, effect.link, effect.message);
  else if (isClose(effect)) world.cut(actor, effect.link, effect.reason);
  else if (isRefuse(effect)) {
    const { type, status, reason } = effect;
    world.say(`${actor.name} refuses ${type}: ${status} ${reason}`);
  } else return false;
  return true;
}

function isSend(effect: { kind: string }): effect is Send {
  return effect.kind === "send";
}

function isClose(effect: { kind: string }): effect is CloseLink {
  return effect.kind === "closeLink";
}

function isRefuse(effect: { kind: string }): effect is Refuse {
  return effect.kind === "refuse";
}

/** A role at work: the part of a host that is the same for all. */
export abstract class RoleActor<State, Event, Effect extends { kind: string }> implements Actor {
  /** How the trace calls it. */
  readonly name: string;
  /** The state of the role. */
  readonly state: State;
  /** Where it lives. */
  protected readonly world: World;
  readonly #role: Role<State, Event, Effect>;

  /** Puts a role into a world. */
  constructor(
    world: World,
    options: { name: string; state: State; role: Role<State, Event, Effect> },
  ) {
    this.world = world;
    this.name = options.name;
    this.state = options.state;
    this.#role = options.role;
    world.add(this);
  }

  /** Feeds the role one event and performs its effects. */
  step(event: Event): void {
    for (const effect of this.#role.step(this.state, event, this.world.nowMs)) {
      if (!performCommon(this.world, this, effect)) this.perform(effect);
    }
  }

  /** Performs an effect of this role alone. */
  protected abstract perform(effect: Effect): void;
  /** A message came by a link. */
  abstract receive(link: string, message: Message): void;
  /** A link ended. */
  abstract linkClosed(link: string, reason: string): void;
  /** A deadline has come. */
  abstract tick(): void;

  /** When its next deadline is. */
  nextDeadlineMs(): number | undefined {
    return this.#role.nextDeadlineMs(this.state);
  }
}
