/**
 * Users, who want answers.
 *
 * @module
 */

import { NOWHERE, type World } from "../world.ts";

/** An answer comes at most this much later than its connection had to come. Milliseconds. */
const EXCHANGE_MAX_MS = 180_000;

/** Users of a world. */
export class Users {
  /** Whether they will ever want anything again. */
  isActive = true;
  /** Whether they want nothing for a while. */
  isPaused = false;
  readonly #open = new Map<number, number>();
  #lastID = 0;

  /** Users who begin now. */
  constructor(readonly world: World) {
    this.#wantSoon();
  }

  #wantSoon(): void {
    const { traffic, timeline, options } = this.world;
    timeline.after(traffic.whole(1, 2 * options.requestMeanMs), () => {
      if (!this.isActive) return;
      if (this.isPaused) return this.#wantSoon();
      const burst = traffic.chance(0.05) ? traffic.whole(5, 30) : 1;
      const service = traffic.chance(0.02) ? NOWHERE : traffic.pick(options.services)?.name;
      for (let index = 0; index < burst; index += 1) this.#want(service ?? NOWHERE);
      this.#wantSoon();
    });
  }

  #want(service: string): void {
    const { world } = this;
    const { traffic, timeline, options } = world;
    const gateway = traffic.pick(world.gateways)?.run;
    if (gateway === undefined) return;
    this.#lastID += 1;
    const userRequest = this.#lastID;
    const isHasty = world.hasFaults && traffic.chance(0.2);
    const timeoutMs = isHasty ? traffic.whole(1, 3_000) : 30_000;
    this.#open.set(userRequest, timeline.nowMs + timeoutMs + EXCHANGE_MAX_MS);
    const done = (status: number) => this.#answered(userRequest, status);
    const requestID = gateway.caller.want({ service, timeoutMs, hops: 2, done });
    if (!traffic.chance(options.impatienceProbability)) return;
    timeline.after(traffic.whole(1, 3_000), () => gateway.caller.cancel(requestID));
  }

  #answered(userRequest: number, status: number): void {
    this.world.count("answered");
    if (this.#open.delete(userRequest)) return;
    const text = `user request ${userRequest} was answered twice, now with ${status}`;
    this.world.violations.report("users", text);
  }

  /** Every request that had to be answered by now must have been. */
  judge(): void {
    const { nowMs } = this.world.timeline;
    for (const [userRequest, deadlineMs] of this.#open) {
      if (deadlineMs > nowMs) continue;
      this.#open.delete(userRequest);
      this.world.violations.report("users", `user request ${userRequest} was never answered`);
    }
  }

  /** How many wait for an answer. */
  get waiting(): number {
    return this.#open.size;
  }
}
