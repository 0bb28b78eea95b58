/**
 * The circuit breaker: instances that failed this source again and again are left alone for a
 * while. An instance fails when it can't be dialled, when a session to it breaks, or when requests
 * get no answer in time; whatever a service answers is no failure.
 *
 * - *Well*: nothing is remembered of it.
 * - *Failing*: it failed fewer than `failuresMax` times in a row.
 * - *Sick*: its connection is closed, and it is not used for a while, twice as long each time.
 * - *On trial*: the while is over, and it gets one request at a time. One answer makes it well, one
 *   failure makes it sick again.
 *
 * @module
 */

import { clearDeadline, setDeadline } from "../deadlines.ts";
import type { OutConnection, SourceTurn } from "./state.ts";

/** What is remembered of an instance that failed. */
export interface Health {
  /** Its service. */
  readonly service: string;
  /** Failures in a row. */
  failures: number;
  /** Until when it is sick, in the host's milliseconds; 0 when it was never. */
  sickUntilMs: number;
  /** How long it will be sick the next time. Milliseconds. */
  sickMs: number;
  /** Whether the manager has no other instance of the service. */
  isAlone: boolean;
}

/** An instance is sick at most so many times as long as the first time. */
const SICK_TIMES_MAX = 12;
/** Most instances of which something is remembered. */
const HEALTH_MAX = 1_000;

/** Notes a failure; whether the instance is sick from now on. */
export function noteFailure(turn: SourceTurn, { destServiceID, service }: OutConnection): boolean {
  const { source: { health, options, deadlines }, nowMs } = turn;
  if (destServiceID === 0 || (health.size >= HEALTH_MAX && !health.has(destServiceID))) {
    return false;
  }
  const known = health.get(destServiceID) ??
    { service, failures: 0, sickUntilMs: 0, sickMs: options.sickMs, isAlone: false };
  health.set(destServiceID, known);
  known.failures += 1;
  const isSick = known.failures >= options.failuresMax;
  if (isSick) {
    // On trial, one more is enough.
    known.failures = options.failuresMax - 1;
    known.sickUntilMs = nowMs + known.sickMs;
    known.sickMs = Math.min(options.sickMs * SICK_TIMES_MAX, known.sickMs * 2);
    known.isAlone = false;
  }
  const sinceMs = Math.max(nowMs, known.sickUntilMs);
  setDeadline(deadlines, `sick:${destServiceID}`, sinceMs + options.sickMs * SICK_TIMES_MAX);
  return isSick;
}

/** Whether an instance is to be left alone now. */
export function isSick({ source, nowMs }: SourceTurn, serviceID: number): boolean {
  return (source.health.get(serviceID)?.sickUntilMs ?? 0) > nowMs;
}

/** How many requests a connection to an instance may have, of those that it could have. */
export function capacityOf(turn: SourceTurn, serviceID: number, most: number): number {
  return (turn.source.health.get(serviceID)?.sickUntilMs ?? 0) > 0 ? 1 : most;
}

/** The instance has answered, or is forgotten: nothing is held against it any more. */
export function heal(turn: SourceTurn, serviceID: number): void {
  const { source } = turn;
  const known = source.health.get(serviceID);
  if (known === undefined) return;
  source.health.delete(serviceID);
  clearDeadline(source.deadlines, `sick:${serviceID}`);
  for (const connection of source.connectionsTo.get(known.service) ?? []) {
    if (connection.destServiceID === serviceID) connection.capacity = connection.capacityMax;
  }
}

/** The sick instances of a service. */
export function sickOf(turn: SourceTurn, service: string): number[] {
  const sick: number[] = [];
  for (const [serviceID, known] of turn.source.health) {
    if (known.service === service && known.sickUntilMs > turn.nowMs) sick.push(serviceID);
  }
  return sick;
}

/** The manager has no instance of a service but those that are sick. */
export function noteAlone(turn: SourceTurn, service: string): void {
  for (const serviceID of sickOf(turn, service)) {
    const known = turn.source.health.get(serviceID);
    if (known !== undefined) known.isAlone = true;
  }
}

/** Why nobody needs to be asked for a connection to a service, or undefined. */
export function outOfOrder(turn: SourceTurn, service: string): string | undefined {
  const { health, connectionsTo } = turn.source;
  if (health.size === 0 || connectionsTo.has(service)) return undefined;
  for (const serviceID of sickOf(turn, service)) {
    const known = health.get(serviceID);
    if (!known?.isAlone) continue;
    const seconds = Math.ceil((known.sickUntilMs - turn.nowMs) / 1_000);
    const why = `instance ${serviceID} fails, and is tried again in ${seconds} s`;
    return `Cannot use "${service}": ${why}`;
  }
  return undefined;
}
