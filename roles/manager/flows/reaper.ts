/**
 * The closing of what is idle: first connections, then instances.
 *
 * @module
 */

import { closeConnection } from "./closes.ts";
import {
  armConnectionIdle,
  armInstanceIdle,
  connectionIdleMs,
  rearmConnectionIdle,
  serviceIdleMs,
} from "./idle.ts";
import { isUnconnected } from "../memory/registry.ts";
import { shutDownSoftly } from "./shutdowns.ts";
import type { Turn } from "../turn.ts";

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
  closeConnection(turn, connection, `idle for ${idleMs / 1_000} s`);
}

/** The idle time of an instance is over, unless it was used or connected meanwhile. */
export function onInstanceIdleDue(turn: Turn, serviceID: number): void {
  const instance = turn.state.registry.instances.get(serviceID);
  if (instance?.state !== "running" || !isUnconnected(instance)) return;
  const idleMs = serviceIdleMs(turn, instance);
  if (instance.lastUsedMs + idleMs > turn.nowMs) return armInstanceIdle(turn, instance);
  shutDownSoftly(turn, instance, `idle for ${idleMs / 1_000} s`);
}
