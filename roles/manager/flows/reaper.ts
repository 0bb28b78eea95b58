/**
 * The closing of what is idle: first connections, then instances.
 *
 * @module
 */

import { closeConnection } from "./connections/closes.ts";
import {
  armConnectionIdle,
  armInstanceIdle,
  connectionIdleMs,
  rearmConnectionIdle,
  serviceIdleMs,
  USE_TOLD_MS,
} from "./idle.ts";
import { hasDeadline, setDeadline } from "../../deadlines.ts";
import { isShrinking, isSurplus } from "./scale/bounds.ts";
import { isUnconnected } from "../memory/registry.ts";
import { shutDownSoftly } from "./instances/shutdowns.ts";
import type { Turn } from "../turn.ts";

/** While one instance of a service closes, the next idle one stays so long. Milliseconds. */
const SHRINK_MS = 1_000;

/** The idle time of a connection is over, unless it was used meanwhile. */
export function onConnectionIdleDue(turn: Turn, connectionID: number): void {
  const connection = turn.state.registry.connections.get(connectionID);
  if (connection?.state !== "open") return;
  const source = turn.state.registry.instances.get(connection.serviceID);
  if (!turn.state.linkOfAgent.has(source?.agent ?? "")) {
    return rearmConnectionIdle(turn, connection);
  }
  const idleMs = connectionIdleMs(turn.state.registry, connection);
  if (connection.lastUsedMs + idleMs > turn.nowMs) return armConnectionIdle(turn, connection);
  // What was in flight when it was heard of last may be so still, where a host or this manager has
  // stood still: to close it would end its WebSockets. It has one more idle time to tell.
  if (turn.state.inFlight.delete(connectionID)) return rearmConnectionIdle(turn, connection);
  closeConnection(turn, connection, `idle for ${idleMs / 1_000} s`);
}

/** The idle time of an instance is over, unless it was used or connected meanwhile. */
export function onInstanceIdleDue(turn: Turn, serviceID: number): void {
  const instance = turn.state.registry.instances.get(serviceID);
  if (instance?.state !== "running" || !isUnconnected(instance)) return;
  const idleMs = serviceIdleMs(turn, instance);
  if (instance.lastUsedMs + idleMs > turn.nowMs) return armInstanceIdle(turn, instance);
  if (hasDeadline(turn.state.deadlines, `held:${serviceID}`)) {
    // It works on something, of which it tells once a second; its idle time may be less.
    return setDeadline(turn.state.deadlines, `instance:${serviceID}`, turn.nowMs + USE_TOLD_MS);
  }
  if (!isSurplus(turn, instance.service)) {
    // It is one of those that shall run; another one may come to its place, or that may change.
    return setDeadline(turn.state.deadlines, `instance:${serviceID}`, turn.nowMs + idleMs);
  }
  if (isShrinking(turn, instance.service)) {
    // One at a time: demand that comes meanwhile finds the others.
    return setDeadline(turn.state.deadlines, `instance:${serviceID}`, turn.nowMs + SHRINK_MS);
  }
  shutDownSoftly(turn, instance, `idle for ${idleMs / 1_000} s`);
}
