/**
 * Checks that the history is the truth: facts have no gaps, the registry is their fold at every
 * step, and nothing is said before it was recorded.
 *
 * @module
 */

import type { Message } from "../../../protocol/messages.ts";
import { isDone } from "../../../protocol/status.ts";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import { applyFact } from "../../../roles/manager/memory/fold.ts";
import { emptyRegistry, type Registry } from "../../../roles/manager/memory/registry.ts";
import type { World } from "../world.ts";
import { judgeCrashes, judgeVerdict } from "./crashes.ts";
import { judgeGentleness } from "./gentleness.ts";
import { judgeIdleness } from "./idleness.ts";
import { judgeStart } from "./scale.ts";
import { findDifference } from "./difference.ts";

/** The registries are compared deeply at every so many steps. */
const COMPARE_EVERY = 40;

/** Follows the store with a registry of its own. */
export class FactsChecker {
  readonly #registry: Registry = emptyRegistry();
  #steps = 0;

  /** A checker of an empty store. */
  constructor(readonly world: World) {}

  /** A fact is in the store now. */
  recorded(text: string): void {
    const fact: Fact = JSON.parse(text);
    if (fact.atMs !== this.world.timeline.nowMs) {
      this.world.violations.report("facts", `fact ${fact.seq} says another time than now`);
    }
    judgeIdleness(this.world, fact);
    judgeGentleness(this.world, fact);
    judgeCrashes(this.world, fact, this.#registry);
    judgeVerdict(this.world, fact);
    judgeStart(this.world, fact, this.#registry);
    this.world.steadyUsers?.recorded(fact);
    if (fact.kind === "connectionClosed") this.#judgeCount(fact);
    try {
      applyFact(this.#registry, fact);
    } catch (error) {
      this.world.violations.report("facts", `the history can't be replayed: ${error}`);
    }
  }

  /** Where nothing fails, the history tells every exchange. */
  #judgeCount(fact: Extract<Fact, { kind: "connectionClosed" }>): void {
    const { isGentle, lastSessions, strictFromMs, violations, options } = this.world;
    const connection = this.#registry.connections.get(fact.connectionID);
    if (!isGentle || connection === undefined || connection.sinceMs < strictFromMs) return;
    const { serviceID, sourcePlug, count } = connection;
    const session = lastSessions.get(`${serviceID}:${sourcePlug}`);
    const { answeredCount, refusedCount } = session ?? { answeredCount: 0, refusedCount: 0 };
    // The destination may tell of the end before the last use of the source is known.
    if (fact.reason !== "closed on command" || options.foreignProbability > 0) return;
    if (count >= answeredCount && count <= answeredCount + refusedCount) return;
    const text = `connection ${serviceID}:${sourcePlug} had ${answeredCount} exchanges and ` +
      `${refusedCount} refusals, not ${count}`;
    violations.report("counts", text);
  }

  /** A message leaves: what it says must be in the store. */
  sent(message: Message): void {
    const { instances } = this.#registry;
    const isSaid = () => {
      switch (message.type) {
        case "startServiceRequest":
          return instances.get(message.serviceID)?.state === "starting";
        case "serviceRegisterResponse":
          return message.serviceID === undefined || instances.has(message.serviceID);
        case "softShutdownRequest":
          return instances.get(message.serviceID)?.state === "closing";
        case "connectionResponse": {
          const dest = instances.get(message.destServiceID ?? 0);
          return !isDone(message.status) || (dest?.incoming.length ?? 0) > 0;
        }
        default:
          return true;
      }
    };
    if (isSaid()) return;
    const text = `${message.type} left before it was recorded: ${JSON.stringify(message)}`;
    this.world.violations.report("facts", text);
  }

  /** A step of the manager is over, and all its facts are recorded. */
  stepped(registry: Registry): void {
    this.#steps += 1;
    if (registry.lastSeq !== this.#registry.lastSeq) {
      const text = `the store has ${this.#registry.lastSeq} facts, the registry ` +
        `${registry.lastSeq}`;
      this.world.violations.report("facts", text);
    }
    if (this.#steps % COMPARE_EVERY === 0) this.compare(registry);
  }

  /** Compares the registry with the fold of the store. */
  compare(registry: Registry): void {
    const difference = findDifference(registry, this.#registry);
    if (difference === undefined) return;
    this.world.violations.report("facts", `the registry is not the fold: ${difference}`);
  }
}
