/**
 * Idle times. Use does not move a deadline: when the deadline comes, the reaper looks at the last
 * use and waits for the rest, so that use costs nothing.
 *
 * @module
 */

import { MANIFEST_DEFAULTS } from "../../../protocol/manifest.ts";
import { setDeadline } from "../../deadlines.ts";
import {
  type Connection,
  type Instance,
  isUnconnected,
  manifestOf,
  type Registry,
} from "../memory/registry.ts";
import type { Turn } from "../turn.ts";

/**
 * Use is told once a second at most, so a connection that was heard of this long ago may be in use.
 * Whatever a manifest says, none is judged sooner. Milliseconds.
 */
export const USE_TOLD_MS = 2_000;

/** How long connections to a service may be unused, in milliseconds. */
export function connectionIdleMs(registry: Registry, connection: Connection): number {
  const manifest = manifestOf(registry, connection.destService) ?? MANIFEST_DEFAULTS;
  return Math.max(USE_TOLD_MS, manifest.connectionIdleMs);
}

/** How long an instance may be without connection and data, in milliseconds. */
export function serviceIdleMs(turn: Turn, instance: Instance): number {
  return (manifestOf(turn.state.registry, instance.service) ?? MANIFEST_DEFAULTS).serviceIdleMs;
}

/** A part of an idle time in which it is enough to record once that something is in use. */
const TOLD_PART = 4;

/** Whether use was recorded so short a time ago that it need not be again: it is told often. */
export function isToldOften(
  turn: Turn,
  { lastUsedMs, idleMs }: { readonly lastUsedMs: number; readonly idleMs: number },
): boolean {
  return lastUsedMs + idleMs / TOLD_PART > turn.nowMs;
}

/** Begins the idle time of an open connection. */
export function armConnectionIdle(turn: Turn, connection: Connection): void {
  const dueAtMs = connection.lastUsedMs + connectionIdleMs(turn.state.registry, connection);
  setDeadline(turn.state.deadlines, connection.connectionID, dueAtMs);
}

/** Begins the idle time of a connection anew: its use was not heard of for a while. */
export function rearmConnectionIdle(turn: Turn, connection: Connection): void {
  const dueAtMs = turn.nowMs + connectionIdleMs(turn.state.registry, connection);
  setDeadline(turn.state.deadlines, connection.connectionID, dueAtMs);
}

/** Begins the idle time of an instance, if it is one that can be idle: no connection, launched. */
export function armInstanceIdle(turn: Turn, instance: Instance): void {
  if (!instance.launched || instance.state !== "running" || !isUnconnected(instance)) return;
  const dueAtMs = instance.lastUsedMs + serviceIdleMs(turn, instance);
  setDeadline(turn.state.deadlines, `instance:${instance.serviceID}`, dueAtMs);
}
