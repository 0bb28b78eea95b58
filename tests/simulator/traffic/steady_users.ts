/**
 * Users who want the same all the time: a certain number of requests to one service is open at
 * every moment. Then that service must stay as it is.
 *
 * @module
 */

import { INSTANCES_DEFAULTS } from "../../../protocol/manifest.ts";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import type { World } from "../world.ts";

/** How long one request may wait. Milliseconds. */
const TIMEOUT_MS = 30_000;

/** Constant demand for one service that may have several instances. */
export class SteadyUsers {
  /** The service; undefined: none may have several instances. */
  readonly service: string | undefined;
  /** Whether its instances must stay as they are now. */
  isJudged = false;
  #isActive = true;

  /** Users who begin now. */
  constructor(readonly world: World) {
    const { services, isTight } = world.options;
    // Where bounds are tight others may have the place that it needs.
    const several = isTight
      ? []
      : services.filter(({ manifest: { instances = INSTANCES_DEFAULTS } }) => instances.max > 1);
    const { name, manifest } = world.traffic.pick(several) ?? {};
    this.service = name;
    if (name === undefined) return;
    const { concurrency = 1, instances = INSTANCES_DEFAULTS } = manifest ?? {};
    const open = world.traffic.whole(1, concurrency * instances.max + 1);
    for (let index = 0; index < open; index += 1) this.#want(name, index);
  }

  #want(service: string, index: number): void {
    const { gateways, timeline } = this.world;
    const gateway = gateways[index % gateways.length]?.run;
    if (!this.#isActive || gateway === undefined) return;
    const done = (status: number) => {
      // Who was refused does not insist, or a refusal that comes at once would never end.
      timeline.after(status === 200 ? 0 : 500, () => this.#want(service, index));
    };
    gateway.caller.want({ service, timeoutMs: TIMEOUT_MS, hops: 0, done });
  }

  /**
   * A fact was recorded: under constant demand nothing starts. One that is too many may still go,
   * as it can be used now and then for long; if it was needed, another one starts for it.
   */
  recorded(fact: Fact): void {
    if (!this.isJudged || fact.kind !== "instanceStarting") return;
    if (fact.service !== this.service) return;
    const text = `though demand is constant: ${JSON.stringify(fact)}`;
    this.world.violations.report("flapping", text);
  }

  /** They want nothing more. */
  stop(): void {
    this.#isActive = false;
    this.isJudged = false;
  }
}
