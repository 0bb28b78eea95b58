/**
 * Requests that wait for a service. All of them share one start; each waits with a deadline, and
 * each deadline answers.
 *
 * @module
 */

import { MANIFEST_DEFAULTS } from "../../../../protocol/manifest.ts";
import { cutReason } from "../../../../protocol/parse_message.ts";
import { STATUS } from "../../../../protocol/status.ts";
import { hasDeadline, setDeadline } from "../../../deadlines.ts";
import { offerConnection } from "./offers.ts";
import { manifestOf } from "../../memory/registry.ts";
import { unpark } from "../instances/endings.ts";
import { pauseOf } from "../instances/crashes.ts";
import { answerNoOther, startFurther } from "../scale/demand.ts";
import type { Parked } from "../../state.ts";
import { record, send, type Turn } from "../../turn.ts";

import {
  chooseInstance,
  type Failure,
  isKnown,
  isStarting,
  obstacleTo,
  startInstance,
} from "../instances/placement.ts";

/** The same failure of the same instance is recorded once in this time. Milliseconds. */
const FAILURE_MS = 10_000;

/** Names a request among those that wait: asked again it is the same one. */
export function parkedKey(parked: Parked): string {
  return `${parked.serviceID}/${parked.sourcePlug}`;
}

/** Why a request may not wait for a service; undefined: it may. */
export function refusalToPark(
  { state }: Turn,
  service: string,
  parked: Parked,
): Failure | undefined {
  const waiting = state.parked.get(service);
  if (waiting === undefined || waiting.has(parkedKey(parked))) return undefined;
  if (waiting.size < state.options.parkedMax) return undefined;
  return {
    status: STATUS.tooMany,
    reason: `Cannot wait for "${service}": ${waiting.size} requests wait already`,
  };
}

/** Lets a request wait for a service; a repeated one is one. */
export function addParked({ state, nowMs }: Turn, service: string, parked: Parked): void {
  const waiting = state.parked.get(service) ?? new Map<string, Parked>();
  const key = parkedKey(parked);
  const before = waiting.get(key);
  const isRepeated = before !== undefined;
  waiting.set(key, { ...parked, sinceMs: before?.sinceMs ?? nowMs });
  state.parked.set(service, waiting);
  if (isRepeated) return;
  const timeoutMs = manifestOf(state.registry, service)?.startTimeoutMs ??
    MANIFEST_DEFAULTS.startTimeoutMs;
  const dueAtMs = nowMs + timeoutMs + state.options.parkedMarginMs;
  setDeadline(state.deadlines, `parked:${service}/${key}`, dueAtMs);
}

/** Lets a request wait for a service, which is started unless it is starting already. */
export function parkRequest(turn: Turn, service: string, parked: Parked): Failure | undefined {
  const { state } = turn;
  if (state.stopping) {
    return {
      status: STATUS.unavailable,
      reason: `Cannot start "${service}": the mesh is stopping`,
    };
  }
  if (!isKnown(turn, service)) {
    return {
      status: STATUS.notFound,
      reason: `Cannot connect to "${service}": no agent has a service of that name`,
    };
  }
  const refusal = refusalToPark(turn, service, parked);
  if (refusal !== undefined) return refusal;
  if (!isStarting(turn, service)) {
    const asker = state.registry.instances.get(parked.serviceID)?.service ?? "instance";
    const reason = `${asker}#${parked.serviceID} asked for it`;
    const start = startInstance(turn, { service }, reason);
    if (start.kind === "failed") return start;
    if (start.kind === "awaited") turn.crowded.add(service);
  }
  addParked(turn, service, parked);
  startFurther(turn, service);
  return undefined;
}

/** Answers everybody who waits for a service with a connection to an instance of it. */
export function answerParked(turn: Turn, service: string): void {
  const waiting = turn.state.parked.get(service);
  if (waiting === undefined) return;
  for (const [key, parked] of waiting) {
    const instance = chooseInstance(turn, service, parked.avoid);
    if (instance === undefined) {
      // Whoever has others goes on with them, unless one more is on its way.
      if (parked.avoid === undefined || isStarting(turn, service)) continue;
      unpark(turn, service, key);
      answerNoOther(turn, service, parked);
      continue;
    }
    unpark(turn, service, key);
    offerConnection(turn, instance, parked);
  }
}

/** Tells one who waits that there will be no connection. */
export function failRequest(
  turn: Turn,
  parked: Parked,
  failed: Failure & { destService: string },
): void {
  const { status, destService } = failed;
  const reason = cutReason(failed.reason);
  const service = turn.state.registry.instances.get(parked.serviceID)?.service;
  const { serviceID } = parked;
  // What the asker is at fault for counts as one, or it could fill the history with inventions.
  const failing = status < STATUS.failed ? "" : `${destService}/${reason}`;
  const key = `failed:${serviceID}/${status}/${failing}`;
  if (service !== undefined && !hasDeadline(turn.state.deadlines, key)) {
    setDeadline(turn.state.deadlines, key, turn.nowMs + FAILURE_MS);
    record(turn, { kind: "requestFailed", serviceID, service, destService, status, reason });
  }
  const { messageID } = parked;
  send(turn, parked.link, { type: "connectionResponse", messageID, status, reason });
}

/** Tells everybody who waits for a service that it could not be started. */
export function failParked(turn: Turn, service: string, failure: Failure): void {
  const waiting = turn.state.parked.get(service);
  if (waiting === undefined) return;
  for (const [key, parked] of waiting) {
    unpark(turn, service, key);
    failRequest(turn, parked, { ...failure, destService: service });
  }
}

/** The deadline of one who waits: it is answered now, with the reason that is known. */
export function onParkedDue(turn: Turn, identity: string): void {
  const [service = "", ...rest] = identity.split("/");
  const key = rest.join("/");
  const parked = turn.state.parked.get(service)?.get(key);
  if (parked === undefined) return;
  unpark(turn, service, key);
  const obstacle = isStarting(turn, service)
    ? undefined
    : pauseOf(turn, service)?.reason ?? obstacleTo(turn, { service });
  failRequest(turn, parked, {
    status: obstacle === undefined ? STATUS.deadline : STATUS.unavailable,
    reason: obstacle ?? `Cannot connect to "${service}": it did not start in time`,
    destService: service,
  });
}

/** Starts a service again when somebody waits for it and nothing is on its way. */
export function startIfWanted(turn: Turn, service: string, reason: string): void {
  if (!turn.state.parked.has(service)) return;
  if (chooseInstance(turn, service) !== undefined) return answerParked(turn, service);
  if (isStarting(turn, service)) return;
  const start = startInstance(turn, { service }, reason);
  if (start.kind === "failed") failParked(turn, service, start);
  else if (start.kind === "awaited") turn.crowded.add(service);
  else if (start.kind === "ordered") startFurther(turn, service);
}

/** Looks again at everybody who waits: what kept agents from starting something may have passed. */
export function lookAgain(turn: Turn): void {
  for (const service of turn.state.parked.keys()) turn.wanted.add(service);
}
