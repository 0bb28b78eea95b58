/**
 * Facts as the admin API shows them.
 *
 * @module
 */

import type { Fact } from "../../../roles/manager/memory/facts.ts";
import { createFactMemory, describeFact, type FactMemory } from "../../history/describe_fact.ts";
import type { Store } from "../../store/store.ts";
import { isoTime } from "./registry_view.ts";
import type { HistoryEntry } from "./view.ts";

/** Most starts that are looked up because the list begins after them. */
const LOOKUPS_MAX = 100;

/** What facts are put in words with. */
export interface ViewFactsOptions {
  /** Where the beginning of a start is looked up, when the list begins after it. */
  readonly store: Store;
  /** What earlier facts told. @default {createFactMemory()} */
  readonly memory?: FactMemory;
}

/** Facts in words. */
export function viewFacts(facts: readonly Fact[], options: ViewFactsOptions): HistoryEntry[] {
  const { store, memory = createFactMemory() } = options;
  lookUpStarts(facts, store, memory);
  return facts.map((fact) => ({
    seq: fact.seq,
    at: isoTime(fact.atMs),
    text: describeFact(fact, memory),
    fact,
  }));
}

/** Finds when the instances were started whose start is in the list but not its beginning. */
function lookUpStarts(facts: readonly Fact[], store: Store, { startingMs }: FactMemory): void {
  const begun = new Set<number>(startingMs.keys());
  let lookups = 0;
  for (const fact of facts) {
    if (fact.kind === "instanceStarting") begun.add(fact.serviceID);
    if (fact.kind !== "instanceStarted" || begun.has(fact.serviceID)) continue;
    if (lookups >= LOOKUPS_MAX) return;
    lookups += 1;
    const { serviceID } = fact;
    const [start] = store.query({ serviceID, kinds: ["instanceStarting"], limit: 1 });
    if (start !== undefined) startingMs.set(serviceID, start.atMs);
  }
}
