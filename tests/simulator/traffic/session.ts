/**
 * The simulated data plane: a session from an out-plug to the process that listens on an in-plug.
 *
 * @module
 */

import { findConnection } from "../../../roles/manager/memory/registry.ts";
import type { Call, Caller } from "./caller.ts";
import type { ServiceProcess } from "../processes/service_process.ts";
import type { World } from "../world.ts";

/** The two ends of a session and their names for it. */
export interface SessionEnds {
  /** Who dialled. */
  readonly caller: Caller;
  /** The number of who dialled, when it dialled. */
  readonly serviceID: number;
  /** The out-plug. */
  readonly sourcePlug: number;
  /** Who accepted. */
  readonly dest: ServiceProcess;
}

/** How long a process goes on after one of its threads was killed. Milliseconds. */
const PROCESS_MS = 30_000;

/** A session. Both ends hear of its end, each in its own time. */
export class Session {
  /** Whether it is over. */
  isEnded = false;
  /** Whether its source may not use it any more. */
  isClosing = false;
  /** Whether its destination takes nothing new. */
  isLeaving = false;
  /** Requests that were answered. */
  answeredCount = 0;
  /** Requests that were refused: they may count as exchanges, as their source can't tell. */
  refusedCount = 0;
  /** When it was last used. Milliseconds. */
  usedMs = 0;
  /** Calls whose answers are not back, with the time at which they were sent. */
  readonly inFlight = new Map<Call, number>();

  /** When its destination ended, and nothing told its source. Milliseconds. */
  #strandedMs: number | undefined;

  /** Whether its source was told how many requests it may carry. */
  readonly #isBounded: boolean;

  /** A session that was accepted just now. */
  constructor(readonly world: World, readonly ends: SessionEnds) {
    // Of what still runs though somebody took it from every agent nobody knows that.
    this.#isBounded = !world.hasFaults;
  }

  /** Sends a request; its answer, refusal or loss is told to the caller. */
  send(call: Call): void {
    const { dest } = this.ends;
    if (this.isEnded || this.isLeaving) return this.#refuse(call);
    this.inFlight.set(call, this.world.timeline.nowMs);
    this.#judgeConcurrency(call.service);
    this.usedMs = this.world.timeline.nowMs;
    this.world.timeline.after(this.world.sessionMs(), () => {
      if (this.isEnded) return;
      if (this.isLeaving && !call.isHandled) {
        this.#take(call);
        return this.#refuse(call);
      }
      dest.handleCall(call, (status) => this.#respond(call, status));
    });
  }

  /** A connection never carries more than its service says. */
  #judgeConcurrency(service: string): void {
    const { manifest } = this.world.options.services.find(({ name }) => name === service) ?? {};
    const concurrency = manifest?.concurrency ?? Infinity;
    if (!this.#isBounded || this.inFlight.size <= concurrency) return;
    const { name } = this.ends.caller.owner;
    const text = `${name} has ${this.inFlight.size} requests on one connection to ${service}`;
    this.world.violations.report("requests", text);
  }

  #refuse(call: Call): void {
    this.refusedCount += 1;
    this.ends.caller.refused(call);
  }

  #respond(call: Call, status: number): void {
    this.world.timeline.after(this.world.sessionMs(), () => {
      if (this.isEnded || !this.inFlight.has(call)) return;
      this.ends.caller.answered(call, status);
      this.answeredCount += 1;
      this.#take(call);
    });
  }

  #take(call: Call): void {
    this.inFlight.delete(call);
    this.usedMs = this.world.timeline.nowMs;
    this.#endWhenDone();
  }

  #endWhenDone(): void {
    if (this.#strandedMs !== undefined) return;
    if (this.inFlight.size > 0 || !(this.isClosing || this.isLeaving)) return;
    this.end(111, this.isClosing ? "closed by its source" : "closed by its destination");
  }

  /** The source finishes and closes. */
  close(): void {
    this.isClosing = true;
    this.world.timeline.after(0, () => this.#endWhenDone());
  }

  /** The destination finishes and closes. */
  leave(): void {
    this.isLeaving = true;
    const { caller } = this.ends;
    this.world.timeline.after(this.world.sessionMs(), () => caller.sessionLeaving(this));
    this.world.timeline.after(0, () => this.#endWhenDone());
  }

  /** Its destination was a thread of a process that goes on, with the sockets of the thread. */
  strand(): void {
    const { world } = this;
    this.#strandedMs = world.timeline.nowMs;
    world.count("stranded sessions");
    // Nobody is told of a connection that the manager gave up with its agent, or where no room is.
    const { registry } = world.manager.run?.host.state ?? {};
    const { serviceID, sourcePlug } = this.ends;
    const isTold = world.isCalm && !world.options.isTight && registry !== undefined &&
      findConnection(registry, serviceID, sourcePlug) !== undefined;
    world.timeline.after(PROCESS_MS, () => {
      if (isTold && world.isCalm && this.inFlight.size > 0) this.#complain();
      this.end(122, "its process was killed");
    });
  }

  #complain(): void {
    const { ends: { caller, dest }, inFlight } = this;
    const text = `${caller.owner.name} has ${inFlight.size} requests at ${dest.name}, which was ` +
      `killed ${PROCESS_MS} ms ago`;
    this.world.violations.report("requests", text);
  }

  /** It is over: what is in flight is lost. */
  end(status: number, reason: string): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.world.sessions.delete(this);
    const { caller, dest } = this.ends;
    for (const call of this.inFlight.keys()) caller.answered(call, 502);
    this.inFlight.clear();
    const { timeline } = this.world;
    timeline.after(this.world.sessionMs(), () => caller.sessionEnded(this, { status, reason }));
    timeline.after(this.world.sessionMs(), () => dest.sessionEnded(this, { status, reason }));
  }
}
