/**
 * The assignment of in-plugs: TCP ports of one range per host. A freed plug rests before it is used
 * again, so that a late dial to the old instance does not reach the new one.
 *
 * @module
 */

import { PLUG_RANGE } from "../../../protocol/limits.ts";
import type { PlugPool, Registry } from "./registry.ts";

/** How long a freed plug rests, in milliseconds. */
export const PLUG_REST_MS = 60_000;

function poolOf(registry: Registry, network: string): PlugPool {
  const known = registry.plugs.get(network);
  if (known !== undefined) return known;
  const pool = { next: PLUG_RANGE.first, used: new Set<number>(), resting: new Map() };
  registry.plugs.set(network, pool);
  return pool;
}

function following(plug: number): number {
  return plug >= PLUG_RANGE.last ? PLUG_RANGE.first : plug + 1;
}

/** Marks a plug of a host as used; part of the fold. */
export function occupyPlug(registry: Registry, network: string, plug: number): void {
  const pool = poolOf(registry, network);
  pool.used.add(plug);
  pool.resting.delete(plug);
  pool.next = following(plug);
}

/** Marks a plug as resting since `atMs`; part of the fold. */
export function freePlug(
  registry: Registry,
  freed: { network: string; plug: number; atMs: number },
): void {
  const pool = poolOf(registry, freed.network);
  pool.used.delete(freed.plug);
  pool.resting.set(freed.plug, freed.atMs);
}

/**
 * A plug that no live instance of the host uses, or undefined when the range is used up. A host
 * that had none before gets `first`.
 */
export function choosePlug(
  registry: Registry,
  { network, nowMs, first }: { network: string; nowMs: number; first: number },
): number | undefined {
  const pool = registry.plugs.get(network);
  if (pool === undefined) return first;
  let plug = pool.next;
  for (let tried = PLUG_RANGE.first; tried <= PLUG_RANGE.last; tried += 1) {
    const freedAtMs = pool.resting.get(plug);
    const rested = freedAtMs === undefined || freedAtMs + PLUG_REST_MS <= nowMs;
    if (!pool.used.has(plug) && rested) return plug;
    plug = following(plug);
  }
  return undefined;
}
