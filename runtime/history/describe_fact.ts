/**
 * Facts in words: one for each thing that happened, for people.
 *
 * @module
 */

import type {
  ConnectionEnds,
  Fact,
  FactKind,
  StartSplit,
} from "../../roles/manager/memory/facts.ts";
import { formatDuration } from "../config/schema/durations.ts";

/** Most instances whose start is remembered at a time. */
const STARTS_MAX = 10_000;

/** What earlier facts told, so that later ones can be described with it. */
export interface FactMemory {
  /** When each instance that has not confirmed its start was started, by number. */
  readonly startingMs: Map<number, number>;
}

/** A memory of nothing, for the first fact of a list. */
export function createFactMemory(): FactMemory {
  return { startingMs: new Map() };
}

/**
 * Describes a fact in one sentence; a reason of several lines makes it several lines.
 *
 * @param fact The fact.
 * @param memory What the facts before it told; it is kept up to date. A start is described with
 * the time that it took only when the memory saw it begin.
 *
 * @example
 * ```ts
 * import { createFactMemory, describeFact } from "./describe_fact.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const line = describeFact({
 *   seq: 7,
 *   atMs: 0,
 *   kind: "instanceEnded",
 *   serviceID: 2,
 *   service: "greeter",
 *   status: 200,
 *   reason: "idle for 60 s",
 * }, createFactMemory());
 * assertEquals(line, "greeter#2 ended: idle for 60 s");
 * ```
 */
export function describeFact(fact: Fact, memory: FactMemory = createFactMemory()): string {
  switch (fact.kind) {
    case "agentRegistered":
      return `agent ${fact.agent} registered from ${fact.network}: ${countServices(fact)}`;
    case "agentRepositoryChanged":
      return `agent ${fact.agent} has other services: ${countServices(fact)}${tellEdited(fact)}`;
    case "agentDraining":
      return `agent ${fact.agent} ${fact.draining ? "drains" : "takes new instances"}: ` +
        fact.reason;
    case "agentDisconnected":
      return `agent ${fact.agent} disconnected: ${fact.reason}`;
    case "agentLost":
      return `agent ${fact.agent} is lost: ${fact.reason}`;
    case "requestFailed": {
      const { service, serviceID, destService, status, reason } = fact;
      return `${nameInstance(service, serviceID)} could not reach ${destService} (${status}): ` +
        reason;
    }
    case "serviceCrashLooping":
      return `${fact.service} is in a crash loop, ${fact.crashes} crashes in a row: ${fact.reason}`;
    case "serviceRecovered":
      return `${fact.service} may start at once again: ${fact.reason}`;
    case "instanceRegistered":
    case "instanceStarting":
    case "instanceStarted":
    case "instanceLeaving":
    case "instanceClosing":
    case "instanceEnded":
    case "instanceUsed":
    case "instanceRefused":
      return describeInstanceFact(fact, memory);
    default:
      return describeConnectionFact(fact);
  }
}

/** Whether a fact is a detail, of which there are many, and which explains nothing. */
export function isDetail({ kind }: { readonly kind: FactKind }): boolean {
  return kind === "connectionOffered" || kind === "connectionUsed" || kind === "instanceUsed";
}

/** An instance as it is named everywhere: `greeter#2`. */
export function nameInstance(service: string, serviceID: number): string {
  return `${service}#${serviceID}`;
}

function countServices({ repository }: { repository: readonly string[] }): string {
  return repository.length === 0 ? "it can start no service" : `it can start ${few(repository)}`;
}

function tellEdited({ edited }: { edited: readonly string[] }): string {
  return edited.length === 0 ? "" : `; edited: ${few(edited)}`;
}

/** The first names of a list, and how many more there are. */
function few(names: readonly string[]): string {
  const more = names.length - 5;
  return names.slice(0, 5).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function describeInstanceFact(
  fact: Extract<Fact, { kind: `instance${string}` }>,
  { startingMs }: FactMemory,
): string {
  const name = nameInstance(fact.service, fact.serviceID);
  switch (fact.kind) {
    case "instanceRegistered":
      return `${name} registered by itself at agent ${fact.agent}`;
    case "instanceStarting":
      if (startingMs.size < STARTS_MAX) startingMs.set(fact.serviceID, fact.atMs);
      return `${name} starting at agent ${fact.agent}${onPlug(fact.plugs.in)}: ${fact.reason}`;
    case "instanceStarted": {
      const sinceMs = startingMs.get(fact.serviceID);
      startingMs.delete(fact.serviceID);
      const split = fact.took === undefined ? "" : ` (${describeSplit(fact.took)})`;
      if (sinceMs === undefined) return `${name} started${split}`;
      return `${name} started in ${spaced(formatDuration(fact.atMs - sinceMs))}${split}`;
    }
    case "instanceLeaving":
      return `${name} ${fact.cause === "none" ? "stays" : "is to be replaced"}: ${fact.reason}`;
    case "instanceClosing":
      return `${name} ${CLOSING_WORDS[fact.phase]}: ${fact.reason}`;
    case "instanceEnded":
      startingMs.delete(fact.serviceID);
      return `${name} ended: ${describeEnd(fact)}`;
    case "instanceUsed":
      return `${name} works: ${fact.reason}`;
    case "instanceRefused": {
      const { permission, target, service } = fact;
      const what = target === undefined ? permission : `${permission} "${target}"`;
      const add = target === undefined ? "what it needs" : "it";
      return `${name} may not ${what}: add ${add} to permissions.${permission} of ${service}`;
    }
  }
}

/** Where the time of a start went; waiting comes before it, and is told if there was any. */
function describeSplit({ waitMs, placeMs, spawnMs, loadMs }: StartSplit): string {
  const parts = `placed ${placeMs}, spawned ${spawnMs}, loaded ${loadMs}`;
  return waitMs === 0 ? parts : `waited ${spaced(formatDuration(waitMs))} before; ${parts}`;
}

const CLOSING_WORDS = {
  drain: "closes its connections before it ends",
  soft: "asked to end",
  hard: "killed",
} as const;

function onPlug(plug: number | null): string {
  return plug === null ? "" : ` on plug ${plug}`;
}

function spaced(duration: string): string {
  return duration.replace(/^([\d.]+)([a-z]+)$/, "$1 $2");
}

/** The reason, and the exit code or signal unless the reason tells it already. */
function describeEnd(
  { reason, exitCode, signal }: Extract<Fact, { kind: "instanceEnded" }>,
): string {
  if (signal !== undefined) return reason.includes(signal) ? reason : `${signal}: ${reason}`;
  if (exitCode !== undefined && exitCode !== 0 && !/\bcode -?\d/.test(reason)) {
    return `exit code ${exitCode}: ${reason}`;
  }
  return reason;
}

function describeConnectionFact(
  fact: Extract<Fact, { kind: `connection${string}` }>,
): string {
  const ends = nameEnds(fact);
  const plugs = `plug ${fact.sourcePlug} -> ${fact.destPlug}`;
  switch (fact.kind) {
    case "connectionOffered":
      return `${ends} may connect (${plugs})`;
    case "connectionOpened":
      return fact.connectMs === undefined
        ? `${ends} connected (${plugs})`
        : `${ends} connected in ${spaced(formatDuration(fact.connectMs))} (${plugs})`;
    case "connectionUsed": {
      const first = fact.firstMs === undefined
        ? ""
        : `, first answer after ${spaced(formatDuration(fact.firstMs))}`;
      return `${ends} ${describeUse(fact.count)}${first}`;
    }
    case "connectionClosing":
      return `connection ${fact.connectionID} ${ends} closing: ${fact.reason}`;
    case "connectionClosed":
      return `connection ${fact.connectionID} ${ends} closed: ${fact.reason}`;
  }
}

/** No new request, and still in use: one that began before goes on. */
function describeUse(count: number): string {
  if (count === 0) return "in use";
  return count === 1 ? "used once" : `used ${count} times`;
}

/** Both ends of a connection: `gateway#1 -> greeter#2`. */
export function nameEnds(ends: ConnectionEnds): string {
  const { service, serviceID, destService, destServiceID } = ends;
  return `${nameInstance(service, serviceID)} -> ${nameInstance(destService, destServiceID)}`;
}
