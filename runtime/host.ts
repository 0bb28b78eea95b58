/**
 * The loop that feeds a role: events in, effects performed. Events of one turn of the event loop
 * are stepped together and their effects performed together, which lets a store commit once for
 * all.
 *
 * @module
 */

import type { Role } from "../roles/step.ts";

/** How to make a {@linkcode RoleHost}. */
export interface RoleHostOptions<State, Event, Effect> {
  /** The role. */
  readonly role: Role<State, Event, Effect>;
  /** Its state, which only this host steps. */
  readonly state: State;
  /** The event that says that time has passed. */
  readonly tick: Event;
  /** Performs effects, in their order. May dispatch events; they are stepped afterwards. */
  readonly perform: (effects: readonly Effect[]) => void;
}

/** Milliseconds since 1970 by a clock that never goes back. */
export function clockMs(): number {
  return Math.round(performance.timeOrigin + performance.now());
}

/** Longest delay that a timer takes; a later deadline is looked at again then. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Runs one role: the only place that steps it. A bug in a role ends its worker or process. */
export class RoleHost<State, Event, Effect> {
  /** The state of the role, to be read by views of it. */
  readonly state: State;
  readonly #role: Role<State, Event, Effect>;
  readonly #perform: (effects: readonly Effect[]) => void;
  #events: Event[] = [];
  #isScheduled = false;
  #isStopped = false;
  #isHeld = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueMs = Infinity;
  readonly #tick: Event;

  /** A host that waits for its first event. */
  constructor(options: RoleHostOptions<State, Event, Effect>) {
    this.#role = options.role;
    this.state = options.state;
    this.#perform = options.perform;
    this.#tick = options.tick;
  }

  /** Takes an event; it is stepped at the end of this turn of the event loop. */
  dispatch(event: Event): void {
    if (this.#isStopped) return;
    this.#events.push(event);
    this.#schedule();
  }

  /**
   * Lets the role stand still: its time does not pass, and what is dispatched waits. Who holds it
   * sees to it that not too much does.
   */
  hold(): void {
    this.#isHeld = true;
  }

  /** Lets the role go on: first with what waits, then with the deadlines that passed meanwhile. */
  release(): void {
    this.#isHeld = false;
    this.#schedule();
  }

  /** Steps nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#events = [];
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#isScheduled = false;
    if (this.#isStopped || this.#isHeld) return;
    const nowMs = clockMs();
    const events = this.#events;
    this.#events = [];
    const effects: Effect[] = [];
    for (const event of events) effects.push(...this.#role.step(this.state, event, nowMs));
    if (effects.length > 0) this.#perform(effects);
    this.#arm();
  }

  /**
   * One timer for the next deadline, whatever the number of deadlines. One that is earlier than it
   * need be stays: most deadlines are cleared before they are due, and a tick too many costs less
   * than a timer that is moved at every step.
   */
  #arm(): void {
    const dueMs = this.#role.nextDeadlineMs(this.state) ?? Infinity;
    if (dueMs >= this.#timerDueMs || this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    const delayMs = Math.min(TIMER_MS_MAX, Math.max(0, dueMs - clockMs()));
    this.#timer = setTimeout(() => {
      this.#timerDueMs = Infinity;
      if (!this.#isHeld) this.dispatch(this.#tick);
    }, delayMs);
  }
}
