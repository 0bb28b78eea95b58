/**
 * The data plane of a transcript: sessions without bytes, which requests begin and end on.
 *
 * @module
 */

import type { Assign, Dial } from "../../roles/source/state.ts";
import type { ServiceActor, SourceActor } from "./processes.ts";
import type { World } from "./world.ts";

interface Session {
  readonly source: SourceActor;
  readonly sourceID: number;
  readonly sourcePlug: number;
  readonly dest: ServiceActor;
  readonly requests: Set<number>;
  isClosing: boolean;
}

/** Who listens where, and the sessions between sources and services. */
export class SessionNetwork {
  readonly #world: World;
  readonly #listeners = new Map<string, ServiceActor>();
  readonly #sessions = new Set<Session>();
  readonly #draining = new Set<ServiceActor>();
  /** Addresses at which nobody answers although somebody listens. */
  readonly refusing = new Set<string>();

  /** A network without sessions. */
  constructor(world: World) {
    this.#world = world;
  }

  /** A service accepts sessions. */
  listen(address: string, actor: ServiceActor): void {
    this.#listeners.set(address, actor);
  }

  /** Nobody accepts sessions here any more. */
  unlisten(address: string): void {
    this.#listeners.delete(address);
  }

  /** Opens a session, or fails to. */
  dial(source: SourceActor, dial: Dial): void {
    const { sourcePlug, network, port, serviceID: sourceID } = dial;
    this.#world.soon(() => {
      const dest = this.#listeners.get(`${network}:${port}`);
      if (dest === undefined || this.refusing.has(dest.name) || this.#draining.has(dest)) {
        const reason = `Cannot dial "${network}:${port}": connection refused`;
        return source.step({ kind: "dialFailed", sourcePlug, reason });
      }
      const requests = new Set<number>();
      this.#sessions.add({ source, sourceID, sourcePlug, dest, requests, isClosing: false });
      source.step({ kind: "dialed", sourcePlug });
    });
  }

  /** A request is on its way by a session. */
  assign(source: SourceActor, assigned: Assign): void {
    const session = this.#of(source, assigned.sourcePlug);
    if (session !== undefined) session.requests.add(assigned.requestID);
    else {
      const { requestID } = assigned;
      this.#world.soon(() => source.step({ kind: "requestEnded", requestID }));
    }
  }

  #of(source: SourceActor, sourcePlug: number): Session | undefined {
    for (const session of this.#sessions) {
      if (session.source === source && session.sourcePlug === sourcePlug) return session;
    }
    return undefined;
  }

  /** A request was answered. */
  answer(requestID: number): void {
    for (const session of this.#sessions) {
      if (!session.requests.delete(requestID)) continue;
      session.source.step({ kind: "requestEnded", requestID });
      return this.#endIfEmpty(session);
    }
  }

  /** The source wants a session closed once nothing is in flight on it. */
  closeFromSource(source: SourceActor, sourcePlug: number): void {
    const session = this.#of(source, sourcePlug);
    if (session === undefined) return;
    session.isClosing = true;
    this.#world.soon(() => this.#endIfEmpty(session));
  }

  /** The source ends a session at once. */
  breakFromSource(source: SourceActor, sourcePlug: number): void {
    const session = this.#of(source, sourcePlug);
    if (session === undefined) return;
    this.#world.soon(() => this.#end(session, { status: 111, reason: "its instance has ended" }));
  }

  /** The destination wants a session closed once nothing is in flight on it. */
  closeInbound(dest: ServiceActor, which: { sourceID: number; sourcePlug: number }): void {
    for (const session of this.#sessions) {
      const { sourceID, sourcePlug } = session;
      const isIt = sourceID === which.sourceID && sourcePlug === which.sourcePlug;
      if (session.dest !== dest || !isIt) continue;
      session.isClosing = true;
      return this.#world.soon(() => this.#endIfEmpty(session));
    }
    const reason = "there is no such connection";
    this.#world.soon(() =>
      dest.step({ kind: "inboundEnded", ...which, status: 111, reason, wasOpen: false })
    );
  }

  /** A service accepts nothing new; it is told when nothing is in flight from others any more. */
  drain(dest: ServiceActor): void {
    this.#draining.add(dest);
    for (const session of this.#sessions) {
      if (session.dest !== dest) continue;
      session.isClosing = true;
      this.#world.soon(() => this.#endIfEmpty(session));
    }
    this.#world.soon(() => this.#tellIfDrained(dest));
  }

  #tellIfDrained(dest: ServiceActor): void {
    const isBusy = [...this.#sessions].some((session) => session.dest === dest);
    if (isBusy || !this.#draining.delete(dest)) return;
    dest.step({ kind: "drained" });
  }

  #endIfEmpty(session: Session): void {
    if (!session.isClosing || session.requests.size > 0) return;
    this.#end(session, { status: 111, reason: "closed" });
  }

  #end(session: Session, end: { status: number; reason: string }): void {
    if (!this.#sessions.delete(session)) return;
    const { source, sourceID, sourcePlug, dest, requests } = session;
    for (const requestID of requests) {
      this.#world.say(`${source.name} answers r${requestID}: 502 ${end.reason}`);
      source.step({ kind: "requestEnded", requestID });
    }
    source.step({ kind: "sessionEnded", sourcePlug, ...end });
    dest.step({ kind: "inboundEnded", sourceID, sourcePlug, ...end });
    this.#tellIfDrained(dest);
  }

  /** The process of an actor ended: each of its sessions breaks, and the other end notices. */
  breakAll(actor: ServiceActor): void {
    for (const session of [...this.#sessions]) {
      if (session.dest !== actor && session.source !== actor) continue;
      this.#sessions.delete(session);
      const { source, sourceID, sourcePlug, dest, requests } = session;
      const end = { status: 122, reason: "the other end is gone" };
      if (source === actor) dest.step({ kind: "inboundEnded", sourceID, sourcePlug, ...end });
      else {
        for (const requestID of requests) {
          this.#world.say(`${source.name} answers r${requestID}: 502 ${end.reason}`);
          source.step({ kind: "requestEnded", requestID });
        }
        source.step({ kind: "sessionEnded", sourcePlug, ...end });
      }
    }
    this.#draining.delete(actor);
  }
}
