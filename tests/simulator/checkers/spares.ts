/**
 * Checks that there are no more spares than are wanted, and that they end with their agent.
 *
 * @module
 */

import type { SpareRoom } from "../processes/spares.ts";
import type { World } from "../world.ts";

/** What is not wanted any more may take so long to end. Milliseconds. */
const ENDING_MAX_MS = 3_000;

/** Remembers since when there are too many spares of a service. */
export class SparesChecker {
  readonly #since = new Map<SpareRoom, Map<string, number>>();

  /** A checker that has seen nothing. */
  constructor(readonly world: World) {}

  /** Looks at the spares of every agent, and of those that are gone. */
  look(): void {
    for (const room of this.world.spareRooms) {
      const { host, node } = room.run;
      const wanted = host.isStopped ? {} : this.world.warmOf(node.index);
      if (host.isStopped && room.services.length === 0) this.world.spareRooms.delete(room);
      for (const { name } of this.world.options.services) {
        this.#judge(room, { name, most: wanted[name] ?? 0 });
      }
    }
  }

  #judge(room: SpareRoom, { name, most }: { name: string; most: number }): void {
    const { nowMs } = this.world.timeline;
    const since = this.#since.get(room) ?? new Map<string, number>();
    this.#since.set(room, since);
    const count = room.services.filter((service) => service === name).length;
    if (count <= most) return void since.delete(name);
    const sinceMs = since.get(name) ?? nowMs;
    since.set(name, sinceMs);
    if (nowMs - sinceMs < ENDING_MAX_MS) return;
    since.delete(name);
    const text = `${room.run.node.name} has ${count} spares of ${name}, not ${most}`;
    this.world.violations.report("spares", text);
  }
}
