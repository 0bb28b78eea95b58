/**
 * Services of which some instances run though nobody asks for them.
 *
 * They are looked at when an agent says what it can start, when an instance ends, when an agent
 * stays away, and after the manager was away itself.
 *
 * @module
 */

import { clearDeadline, hasDeadline, setDeadline } from "../../../deadlines.ts";
import type { Turn } from "../../turn.ts";
import { startInstance } from "../instances/placement.ts";
import { boundsOf, countLive } from "./bounds.ts";

/** Between two rounds of starts of one service there is so much time. Milliseconds. */
const PACE_MS = 1_000;

/** Most instances that start at a time because so many shall run: hosts have other work. */
const STARTING_MAX = 10;

/** Agents, or what they can start, have changed: finds the services that shall run. */
export function findMinimums(turn: Turn): void {
  const minimums = new Set<string>();
  for (const { manifests } of turn.state.registry.agents.values()) {
    for (const service of Object.keys(manifests)) {
      if ((manifests[service]?.instances?.min ?? 0) > 0) minimums.add(service);
    }
  }
  turn.state.scale.minimums = minimums;
  for (const service of minimums) turn.wanted.add(service);
}

/** Whether one more may start now; others that wait for this are looked at if so. */
function hasRoom(turn: Turn): boolean {
  const { scale: { starting }, registry } = turn.state;
  for (const serviceID of starting) {
    if (registry.instances.get(serviceID)?.state !== "starting") starting.delete(serviceID);
  }
  return starting.size < STARTING_MAX;
}

/** Starts what is missing of a service. */
export function keepMinimum(turn: Turn, service: string): void {
  const { scale, deadlines, stopping } = turn.state;
  if (stopping || !scale.minimums.has(service)) return;
  const { min } = boundsOf(turn, service);
  const key = `minimum:${service}`;
  const missing = hasDeadline(deadlines, key) ? 0 : min - countLive(turn, service);
  for (let left = missing; left > 0; left -= 1) {
    // It is looked at again, whether or not it is the turn of this service before.
    setDeadline(deadlines, key, turn.nowMs + PACE_MS);
    if (!hasRoom(turn)) return void scale.held.add(service);
    const reason = `${min} of ${service} shall run`;
    const start = startInstance(turn, { service }, reason);
    if (start.kind === "awaited") turn.crowded.add(service);
    if (start.kind !== "ordered") return;
    scale.starting.add(start.serviceID);
  }
  const [next] = scale.held;
  if (next === undefined || !hasRoom(turn)) return;
  scale.held.delete(next);
  clearDeadline(deadlines, `minimum:${next}`);
  turn.wanted.add(next);
}
