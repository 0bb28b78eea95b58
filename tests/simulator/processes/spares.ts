/**
 * The simulated spares of an agent: processes that have loaded a service and wait to be one of its
 * instances.
 *
 * @module
 */

import type { AgentRun } from "../nodes/agent_node.ts";
import type { LinkEnd, LinkOwner } from "../nodes/links.ts";

/** A process that is no instance yet. It ends with its link. */
class SpareProcess implements LinkOwner {
  end: LinkEnd | undefined;
  isAlive = true;

  constructor(readonly room: SpareRoom, readonly spareID: number, readonly service: string) {}

  /** It has loaded its service, and says so. */
  ready(token: string): void {
    const { run } = this.room;
    if (!this.isAlive) return;
    this.end = run.node.linkService(this, { trusted: false });
    if (this.end === undefined) return this.die();
    const { link } = this.end;
    run.host.handle({ kind: "spareReady", link, spareID: this.spareID, token });
  }

  /** It hears nothing before it is an instance. */
  received(): void {}

  /** Nobody else knows of it. */
  closed(): void {
    this.die();
  }

  die(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    // Both are on one host, so the agent notices at once.
    this.end?.abandon("the spare ended", 0);
    this.room.ended(this);
  }
}

/** The spares of one run of an agent. */
export class SpareRoom {
  readonly #spares = new Set<SpareProcess>();

  /** None yet. */
  constructor(readonly run: AgentRun) {}

  /** The services of those that run. */
  get services(): string[] {
    return [...this.#spares].map(({ service }) => service);
  }

  #find(spareID: number): SpareProcess | undefined {
    return [...this.#spares].find((spare) => spare.spareID === spareID);
  }

  /** Creates the process of a spare, or can't. */
  launch({ spareID, service }: { spareID: number; service: string }): void {
    const { world, host, node } = this.run;
    if (host.isStopped) return;
    const { faults, network, options, hasFaults, timeline } = world;
    if (hasFaults && faults.chance(options.badStartProbability / 2)) {
      host.handle({ kind: "spareFailed", spareID, reason: "no such program" });
      return;
    }
    world.count("spares");
    const spare = new SpareProcess(this, spareID, service);
    this.#spares.add(spare);
    const token = `spare ${node.name}-${spareID}-${network.whole(0, 1e9)}`;
    host.handle({ kind: "spareStarted", spareID, token });
    const isBad = hasFaults && faults.chance(options.badStartProbability / 2);
    timeline.after(network.whole(20, 300), () => isBad ? spare.die() : spare.ready(token));
  }

  /** Takes the link of a spare that becomes an instance; undefined: the spare is gone. */
  take(spareID: number): LinkEnd | undefined {
    const spare = this.#find(spareID);
    if (spare?.end === undefined) return undefined;
    this.#spares.delete(spare);
    spare.isAlive = false;
    this.run.world.count("spares used");
    return spare.end;
  }

  /** Kills a spare. */
  kill(spareID: number): void {
    this.#find(spareID)?.die();
  }

  /** One of them dies. */
  crashOne(): void {
    this.run.world.faults.pick([...this.#spares])?.die();
  }

  /** The agent is gone: each spare notices that at once, as both are on one host. */
  orphan(): void {
    const { timeline, network } = this.run.world;
    for (const spare of this.#spares) {
      timeline.after(network.whole(1, 50), () => spare.die());
    }
  }

  /** A spare has ended: its agent hears that, if it is there. */
  ended(spare: SpareProcess): void {
    if (!this.#spares.delete(spare)) return;
    const { spareID } = spare;
    const { host, world } = this.run;
    const how = { exitCode: 1, signal: undefined, lastLines: [] };
    world.timeline.after(world.network.whole(0, 80), () => {
      host.handle({ kind: "spareExited", spareID, ...how });
    });
  }
}
