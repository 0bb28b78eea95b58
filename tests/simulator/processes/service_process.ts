/**
 * A simulated process of a service: it boots, listens, serves, calls others, and ends.
 *
 * @module
 */

import { createService } from "../../../roles/service/state.ts";
import type { ServiceEffect, ServiceEvent, ServiceState } from "../../../roles/service/state.ts";
import type { SourceEvent } from "../../../roles/source/state.ts";
import { BackgroundWork } from "./background_work.ts";
import type { AgentRun } from "../nodes/agent_node.ts";
import { judgeListener } from "../checkers/plugs.ts";
import { type Call, Caller, type CallerOwner } from "../traffic/caller.ts";
import { EventLoop } from "./event_loop.ts";
import type { LinkEnd, LinkOwner } from "../nodes/links.ts";
import { RoleHost } from "../nodes/role_host.ts";
import { plain, type ProcessSetup } from "./process_setup.ts";
import { Session, type SessionEnds } from "../traffic/session.ts";
import type { World } from "../world.ts";

/** The longest wait before an agent is dialled again. Milliseconds. */
const DIAL_MS_MAX = 2_000;

/** A process. */
export class ServiceProcess implements LinkOwner, CallerOwner {
  /** Whether it runs. */
  isAlive = true;
  /** Its link to its agent. */
  end: LinkEnd | undefined;
  /** The service role in it. */
  readonly host: RoleHost<ServiceState, ServiceEvent, ServiceEffect>;
  /** Its calls to others. */
  readonly caller: Caller;
  /** Sessions that it accepted. */
  readonly inbound = new Set<Session>();
  /** What it does by itself. */
  readonly work = new BackgroundWork(this);
  /** The agent that looks after it: the one that started it, or one that took it over. */
  owner: AgentRun | undefined;
  /** Whether it hears its agent. */
  readonly loop = new EventLoop(this);
  #isDraining = false;
  /** What its first message says of its start; afterwards it has said it. */
  #first: { failure?: { status: number; reason: string } } | undefined;
  #hasLinked = false;
  #spareEnd: LinkEnd | undefined;
  #dialMs = 50;
  readonly #port: string;

  /** A process that was created just now. */
  constructor(readonly world: World, readonly setup: ProcessSetup) {
    const { messageID, serviceID, token, plugs } = setup;
    const { agentGraceMs } = world.options;
    const start = { messageID, serviceID, token, plug: plugs.in ?? 0, agentGraceMs };
    this.caller = new Caller(world, this);
    this.#port = `${setup.node.network}:${plugs.in}`;
    this.host = new RoleHost(world, {
      name: this.name,
      role: world.roles.service,
      state: createService(start, world.sourceOptions),
      messageEvent: (link, message) => ({ kind: "message", link, message }),
      tick: { kind: "tick" },
      perform: (effect) => this.#perform(effect),
    });
    world.processes.add(this);
    // A spare may have been this instance for a moment before.
    if (setup.behaviour.isStubborn) world.goodProcesses.delete(serviceID);
    else world.goodProcesses.add(serviceID);
    const isSlow = setup.behaviour.start === "slow";
    const bootMs = setup.spareEnd === undefined ? world.network.whole(20, 300) : 2;
    this.#spareEnd = setup.spareEnd;
    if (this.#spareEnd !== undefined) this.#spareEnd.owner = this;
    world.timeline.after(isSlow ? 12_000 : bootMs, () => this.#boot());
  }

  /** Its service. */
  get service(): string {
    return this.setup.service;
  }

  /** For reports. */
  get name(): string {
    return `${this.setup.service}#${this.setup.serviceID}`;
  }

  /** Steps the role. */
  notify(event: SourceEvent): void {
    this.host.handle(event);
  }

  #boot(): void {
    const { behaviour } = this.setup;
    if (!this.isAlive || behaviour.start === "silent") return;
    if (behaviour.start === "exits") return this.die({ exitCode: 1 });
    const { listeners } = this.world;
    const isTaken = listeners.has(this.#port);
    judgeListener(this.world, this, listeners.get(this.#port));
    const isFailing = behaviour.start === "failing";
    if (!isTaken && !isFailing) listeners.set(this.#port, this);
    const failure = isTaken
      ? { status: 409, reason: "address in use" }
      : { status: 500, reason: "cannot start" };
    this.#first = isTaken || isFailing ? { failure } : {};
    this.orphan();
    this.#dial();
  }

  /** Opens a link to its agent, or to one that was started again, however often it takes. */
  #dial(): void {
    const { isAlive, host, setup: { node } } = this;
    if (!isAlive) return;
    const end = this.#spareEnd ?? node.linkService(this, { trusted: false });
    this.#spareEnd = undefined;
    if (end === undefined) return this.#dialSoon();
    this.end = end;
    this.#hasLinked = true;
    const { link } = end;
    const first = this.#first;
    this.#first = undefined;
    host.handle(
      first === undefined ? { kind: "relinked", link } : { kind: "ready", link, ...first },
    );
  }

  #dialSoon(): void {
    const waitMs = this.world.network.whole(this.#dialMs / 2, this.#dialMs);
    this.#dialMs = Math.min(DIAL_MS_MAX, this.#dialMs * 2);
    this.world.timeline.after(waitMs, () => this.#dial());
  }

  #perform(effect: ServiceEffect): void {
    const { timeline, network } = this.world;
    switch (effect.kind) {
      case "send":
        return this.end?.send(
          this.setup.behaviour.isForeign ? plain(effect.message) : effect.message,
        );
      case "refuse":
        return;
      case "askToEnd":
        return timeline.after(network.whole(0, 20), () => this.#answerEnd());
      case "drain":
        return timeline.after(0, () => this.#drain());
      case "closeInbound":
        return timeline.after(0, () => this.#closeInbound(effect));
      case "measure": {
        const health = { kind: "health", messageID: effect.messageID, inFlight: 0 } as const;
        this.loop.askedMs = timeline.nowMs;
        return timeline.after(1, () => this.host.handle(health));
      }
      case "exit":
        return timeline.after(network.whole(0, 5), () => this.die({ exitCode: effect.code }));
      default:
        return this.caller.perform(effect);
    }
  }

  /** Accepts a session, or does not. */
  accept(hello: Omit<SessionEnds, "dest"> & { destServiceID: number }): Session | undefined {
    if (!this.isAlive || this.#isDraining) return undefined;
    if (hello.destServiceID !== this.setup.serviceID) return undefined;
    const { caller, serviceID, sourcePlug } = hello;
    const session = new Session(this.world, { caller, serviceID, sourcePlug, dest: this });
    this.inbound.add(session);
    this.world.sessions.add(session);
    this.world.lastSessions.set(`${serviceID}:${sourcePlug}`, session);
    return session;
  }

  /** Handles a request: works a while, perhaps calls others, and answers. */
  handleCall(call: Call, respond: (status: number) => void): void {
    const { traffic, timeline } = this.world;
    call.isHandled = true;
    timeline.after(traffic.whole(1, this.world.longestWorkMs()), () => {
      if (!this.isAlive || (this.loop.isLooping && this.setup.behaviour.isThread)) return;
      timeline.after(0, () => this.work.perhapsBegin());
      const wanted = call.hops > 0 ? this.world.drawNested(this.service) : [];
      let open = wanted.length;
      if (open === 0) return respond(200);
      const done = () => {
        open -= 1;
        if (open === 0) respond(200);
      };
      for (const service of wanted) {
        this.caller.want({ service, timeoutMs: 15_000, hops: call.hops - 1, done });
      }
    });
  }

  #closeInbound({ sourceID, sourcePlug }: { sourceID: number; sourcePlug: number }): void {
    for (const session of this.inbound) {
      const { serviceID, sourcePlug: plug } = session.ends;
      if (serviceID === sourceID && plug === sourcePlug) return session.leave();
    }
    const reason = "there is none";
    const ended = { status: 111, reason, wasOpen: false };
    this.host.handle({ kind: "inboundEnded", sourceID, sourcePlug, ...ended });
  }

  /** A session that it accepted is over. */
  sessionEnded(session: Session, end: { status: number; reason: string }): void {
    if (!this.inbound.delete(session) || !this.isAlive) return;
    const { serviceID: sourceID, sourcePlug } = session.ends;
    this.host.handle({ kind: "inboundEnded", sourceID, sourcePlug, ...end });
    this.#tellDrained();
  }

  /** Its code lets it end, or refuses once for a while. */
  #answerEnd(): void {
    if (!this.isAlive) return;
    const { traffic } = this.world;
    const refuses = this.setup.behaviour.isRefusing && traffic.chance(0.5);
    const refusal = { reason: "it exports", retryAfterMs: traffic.whole(100, 4_000) };
    if (refuses) this.world.count("refused ends");
    this.host.handle({ kind: "endAnswered", ...(refuses ? { refusal } : {}) });
  }

  #drain(): void {
    if (this.setup.behaviour.isStubborn || !this.isAlive) return;
    this.#isDraining = true;
    this.world.freeListener(this.#port, this);
    for (const session of this.inbound) session.leave();
    this.#tellDrained();
  }

  #tellDrained(): void {
    if (!this.#isDraining || this.inbound.size > 0) return;
    this.world.timeline.after(this.world.sessionMs(), () => this.host.handle({ kind: "drained" }));
  }

  /** A value came in from its agent. */
  received(link: string, value: unknown): void {
    this.loop.hear(link, value);
  }

  /** Its agent is gone. */
  closed(link: string, reason: string): void {
    if (link === this.#spareEnd?.link) return this.die({ exitCode: 1 });
    this.host.handle({ kind: "linkClosed", link, reason });
    if (!this.isAlive || link !== this.end?.link) return;
    this.end = undefined;
    // What speaks just the catalogue knows of no second link.
    if (this.setup.behaviour.isForeign) this.die({ exitCode: 1 });
    else this.#dialSoon();
  }

  /** Without a first link to an agent it ends in time: its host counts as the role does later. */
  orphan(): void {
    this.world.timeline.after(this.world.options.agentGraceMs, () => {
      if (!this.#hasLinked && this.owner === undefined) this.die({ exitCode: 1 });
    });
  }

  /** It ends: by itself, by a crash or by a signal. */
  die(how: { exitCode: number; signal?: string }): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.host.isStopped = true;
    this.world.processes.delete(this);
    this.world.freeListener(this.#port, this);
    // What came by its link as a spare has no other deadline, so the agent must see its end.
    const { spareEnd } = this.setup;
    if (spareEnd !== undefined) spareEnd.abandon("it ended", 0);
    if (how.signal === undefined) this.end?.close("it exits");
    else this.end?.abandon("it was killed");
    if (this.end !== undefined) this.end.isOpen = false;
    for (const session of [...this.inbound]) {
      if (this.setup.behaviour.isThread && how.signal !== undefined) session.strand();
      else session.end(122, `${this.name} died`);
    }
    this.caller.die();
    this.owner?.processEnded(this, how);
  }
}
