/**
 * The numbers of instances: which of them this history has given. A manager that lost its store
 * learns of older ones from its agents, in any order; so that none is ever given twice it counts on
 * from the highest, and remembers the ranges below of which it has not heard.
 *
 * @module
 */

import type { Registry } from "./registry.ts";

/** Most ranges that are remembered; of the lowest it is then said that they were given. */
const RANGES_MAX = 10_000;

/** A number this far ahead is an invention, which would use the numbers up. */
const AHEAD_MAX = 1_000_000_000_000;

/** The place of the range that holds a number, or -1. */
function findRange(ranges: Registry["unheardIDs"], serviceID: number): number {
  let [low, high] = [0, ranges.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = ranges[middle] ?? [0, 0];
    if (serviceID < first) high = middle - 1;
    else if (serviceID > last) low = middle + 1;
    else return middle;
  }
  return -1;
}

/** Marks a number as given; part of the fold. */
export function noteServiceID(registry: Registry, serviceID: number): void {
  const { lastServiceID, unheardIDs } = registry;
  if (serviceID > lastServiceID) {
    if (serviceID > lastServiceID + 1) unheardIDs.push([lastServiceID + 1, serviceID - 1]);
    registry.lastServiceID = serviceID;
  } else {
    const at = findRange(unheardIDs, serviceID);
    const [first, last] = unheardIDs[at] ?? [0, 0];
    if (at < 0) return;
    const rests: [number, number][] = [[first, serviceID - 1], [serviceID + 1, last]];
    unheardIDs.splice(at, 1, ...rests.filter(([from, to]) => from <= to));
  }
  if (unheardIDs.length > RANGES_MAX) unheardIDs.shift();
}

/** Whether an instance of this number may be one of the time before this history. */
export function isUnheardID(registry: Registry, serviceID: number): boolean {
  const { lastServiceID, unheardIDs } = registry;
  if (serviceID > lastServiceID) return serviceID <= lastServiceID + AHEAD_MAX;
  return findRange(unheardIDs, serviceID) >= 0;
}
