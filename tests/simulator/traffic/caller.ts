/**
 * The host of a source: requests that want connections, and the sessions that it dialled.
 *
 * @module
 */

import type {
  Assign,
  BreakSession,
  CloseSession,
  Dial,
  Reject,
  SourceEvent,
} from "../../../roles/source/state.ts";
import { judgeOutcome } from "../checkers/outcomes.ts";
import { ServiceProcess } from "../processes/service_process.ts";
import type { Session } from "./session.ts";
import type { World } from "../world.ts";

/** Who makes calls. */
export interface CallerOwner {
  /** For reports. */
  readonly name: string;
  /** Its service. */
  readonly service: string;
  /** Whether it is there. */
  readonly isAlive: boolean;
  /** Steps its role. */
  notify(event: SourceEvent): void;
}

/** What is wanted. */
export interface CallWanted {
  /** The service. */
  readonly service: string;
  /** How long it may wait for a connection. Milliseconds. */
  readonly timeoutMs: number;
  /** How many calls deep it may lead. */
  readonly hops: number;
  /** Takes the status of the answer, once; 0 when its caller ended, 499 when it was cancelled. */
  readonly done: (status: number) => void;
}

/** A request on its way. */
export interface Call extends CallWanted {
  /** Its number at the role. */
  readonly requestID: number;
  /** When it was wanted. Milliseconds. */
  readonly sinceMs: number;
  /** Until when it may wait. Milliseconds. */
  readonly deadlineMs: number;
  /** How far it is. */
  state: "waiting" | "assigned" | "ended";
  /** Whether its handler has begun. */
  isHandled: boolean;
}

/** How much later than its deadline a call may be noticed to have none. */
const SLACK_MS = 50;

/** Everything that an instance has open towards others. */
export class Caller {
  #lastRequestID = 0;
  readonly #calls = new Map<number, Call>();
  readonly #sessions = new Map<number, Session>();

  /** A caller in the world. */
  constructor(readonly world: World, readonly owner: CallerOwner) {}

  /** Wants a connection for a request. */
  want(wanted: CallWanted): number {
    const { timeline } = this.world;
    this.#lastRequestID += 1;
    const requestID = this.#lastRequestID;
    const sinceMs = timeline.nowMs;
    const deadlineMs = sinceMs + wanted.timeoutMs;
    const progress = { state: "waiting" as const, isHandled: false };
    const call: Call = { ...wanted, requestID, sinceMs, deadlineMs, ...progress };
    this.#calls.set(requestID, call);
    const { service, timeoutMs } = wanted;
    timeline.after(timeoutMs + SLACK_MS, () => {
      if (call.state === "waiting") this.#complain(call, "got no answer by its deadline");
    });
    this.owner.notify({ kind: "requestWanted", requestID, service, timeoutMs });
    return requestID;
  }

  #complain(call: Call, text: string): void {
    const request = `request ${call.requestID} of ${this.owner.name} to ${call.service}`;
    this.world.violations.report("requests", `${request} ${text}`);
  }

  /** The sender went away. */
  cancel(requestID: number): void {
    const call = this.#calls.get(requestID);
    if (call?.state !== "waiting" || !this.owner.isAlive) return;
    this.#finish(call, 499);
    this.owner.notify({ kind: "requestEnded", requestID });
  }

  #finish(call: Call, status: number): void {
    if (call.state === "ended") return this.#complain(call, `was answered twice: ${status}`);
    call.state = "ended";
    this.#calls.delete(call.requestID);
    judgeOutcome(this.world, { from: this.owner.service, call, status });
    call.done(status);
  }

  /** Does what a source wants done. */
  perform(effect: Dial | Assign | Reject | CloseSession | BreakSession): void {
    switch (effect.kind) {
      case "dial":
        return this.#dial(effect);
      case "assign":
        return this.#assign(effect);
      case "closeSession":
        return this.#close(effect.sourcePlug);
      case "breakSession":
        // A dial that is under way has none yet.
        return this.#sessions.get(effect.sourcePlug)?.end(111, effect.reason);
      case "reject": {
        const call = this.#calls.get(effect.requestID);
        if (call?.state === "waiting") {
          if (effect.status < 400) this.#complain(call, `was rejected with ${effect.status}`);
          return this.#finish(call, effect.status);
        }
        const text = `${this.owner.name} rejected ${effect.requestID}, which does not wait`;
        this.world.violations.report("requests", text);
      }
    }
  }

  #dial(effect: Dial): void {
    const { world, owner } = this;
    const { sourcePlug, serviceID, destServiceID } = effect;
    world.timeline.after(world.sessionMs(), () => {
      if (!owner.isAlive) return;
      const listener = world.listeners.get(`${effect.network}:${effect.port}`);
      const isBad = world.hasFaults && world.network.chance(world.options.badDialProbability);
      const session = isBad || !(listener instanceof ServiceProcess)
        ? undefined
        : listener.accept({ caller: this, serviceID, sourcePlug, destServiceID });
      world.timeline.after(world.sessionMs(), () => {
        if (!owner.isAlive) return session?.end(122, "its source died");
        if (session === undefined || session.isEnded) {
          return owner.notify({ kind: "dialFailed", sourcePlug, reason: "nobody is there" });
        }
        this.#sessions.set(sourcePlug, session);
        owner.notify({ kind: "dialed", sourcePlug });
      });
    });
  }

  #assign({ requestID, sourcePlug }: Assign): void {
    const call = this.#calls.get(requestID);
    const session = this.#sessions.get(sourcePlug);
    if (call?.state !== "waiting" || session === undefined || session.isClosing) {
      const text = `${this.owner.name} assigned ${requestID} (${call?.state}) to plug ` +
        `${sourcePlug} (${session === undefined ? "not open" : "closing or open"})`;
      return this.world.violations.report("requests", text);
    }
    call.state = "assigned";
    session.send(call);
  }

  #close(sourcePlug: number): void {
    const session = this.#sessions.get(sourcePlug);
    if (session === undefined) {
      const text = `${this.owner.name} closes plug ${sourcePlug}, which is not open`;
      return this.world.violations.report("requests", text);
    }
    session.close();
  }

  /** The other end took nothing of it: it is wanted again, while there is time. */
  refused(call: Call): void {
    const { world, owner } = this;
    world.timeline.after(world.network.whole(20, 200), () => {
      if (!owner.isAlive || call.state !== "assigned") return;
      const timeoutMs = call.deadlineMs - world.timeline.nowMs;
      if (timeoutMs <= 0) return this.answered(call, 503);
      call.state = "ended";
      this.#calls.delete(call.requestID);
      owner.notify({ kind: "requestEnded", requestID: call.requestID });
      this.want({ ...call, timeoutMs });
    });
  }

  /** A call that had a connection is over. */
  answered(call: Call, status: number): void {
    const { requestID } = call;
    if (call.state === "ended" && !this.owner.isAlive) return;
    this.#finish(call, status);
    this.world.timeline.after(0, () => {
      if (this.owner.isAlive) this.owner.notify({ kind: "requestEnded", requestID });
    });
  }

  /** The other end of a session takes nothing new. */
  sessionLeaving(session: Session): void {
    const { sourcePlug } = session.ends;
    if (this.#sessions.get(sourcePlug) !== session || !this.owner.isAlive) return;
    this.owner.notify({ kind: "sessionLeaving", sourcePlug });
  }

  /** A session is over. */
  sessionEnded(session: Session, end: { status: number; reason: string }): void {
    const { sourcePlug } = session.ends;
    if (this.#sessions.get(sourcePlug) !== session) return;
    this.#sessions.delete(sourcePlug);
    if (this.owner.isAlive) this.owner.notify({ kind: "sessionEnded", sourcePlug, ...end });
  }

  /** The owner has died: its calls are lost and its sessions break. */
  die(): void {
    for (const call of [...this.#calls.values()]) this.#finish(call, 0);
    for (const session of [...this.world.sessions]) {
      if (session.ends.caller === this) session.end(122, "its source died");
    }
  }
}
