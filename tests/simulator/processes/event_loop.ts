/**
 * The event loop of a simulated process, which may be stuck.
 *
 * @module
 */

import type { ServiceProcess } from "./service_process.ts";

/** The event loop of one process, as far as its agent notices. */
export class EventLoop {
  /** When it took the last question about its health. Milliseconds. */
  askedMs = -1;
  /** When it got loose. Milliseconds. */
  looseMs = -Infinity;
  /** Whether it computes for ever, so that it answers nobody. */
  isLooping = false;
  #unheard: [link: string, value: unknown][] | undefined;

  /** One that turns. */
  constructor(readonly process: ServiceProcess) {}

  /** Whether it is stuck. */
  get isStuck(): boolean {
    return this.#unheard !== undefined;
  }

  /** The agent says something, which is heard when it turns. */
  hear(link: string, value: unknown): void {
    if (this.#unheard === undefined) this.process.host.receive(link, value);
    else this.#unheard.push([link, value]);
  }

  /** From now on it is stuck, for a while or for ever. */
  getStuck(forMs: number): void {
    if (this.#unheard !== undefined) return;
    this.#unheard = [];
    const { world } = this.process;
    world.count("stuck processes");
    // While things go wrong it gets loose in the end.
    this.isLooping = forMs === Infinity && !world.hasFaults;
    if (forMs < Infinity) world.timeline.after(forMs, () => this.getLoose());
  }

  /** It turns again: everything that was said meanwhile is heard. */
  getLoose(): void {
    const unheard = this.#unheard;
    if (unheard === undefined) return;
    this.#unheard = undefined;
    this.looseMs = this.process.world.timeline.nowMs;
    for (const [link, value] of unheard) this.process.host.receive(link, value);
  }
}
