/**
 * More instances: a source whose connections are all full, or lead to sick instances, asks for
 * another one, which is started while there are fewer than may be.
 *
 * The requests that wait are the measure of demand: each source says how many there are, and as
 * many instances start at once as take them all. Whoever finds those full too asks again.
 *
 * @module
 */

import { concurrencyOf } from "../../../../protocol/manifest.ts";
import { STATUS } from "../../../../protocol/status.ts";
import { manifestOf } from "../../memory/registry.ts";
import type { Parked } from "../../state.ts";
import { send, type Turn } from "../../turn.ts";
import { addParked, failRequest, refusalToPark } from "../connections/parking.ts";
import { isStarting, startInstance } from "../instances/placement.ts";
import { boundsOf, countLive, countStarting } from "./bounds.ts";

/**
 * There is no other instance, and there will be none now. Nothing failed: the source goes on with
 * what it has, so the history says nothing of it.
 */
export function answerNoOther(turn: Turn, service: string, { link, messageID }: Parked): void {
  const status = STATUS.unavailable;
  const reason = `Cannot connect to "${service}": there is no other instance`;
  send(turn, link, { type: "connectionResponse", messageID, status, reason });
}

/** A source wants an instance beside those that run, none of which it can use; whether it waits. */
export function askForAnother(turn: Turn, service: string, parked: Parked): boolean {
  if (!isStarting(turn, service) && !startAnother(turn, service, parked)) {
    answerNoOther(turn, service, parked);
    return false;
  }
  const refusal = refusalToPark(turn, service, parked);
  if (refusal !== undefined) {
    failRequest(turn, parked, { ...refusal, destService: service });
    return false;
  }
  addParked(turn, service, parked);
  startFurther(turn, service);
  return true;
}

/** Starts one more, if it may; where it can't now, the source asks again while it needs it. */
function startAnother(turn: Turn, service: string, { serviceID }: Parked): boolean {
  const { stopping, registry } = turn.state;
  if (stopping || countLive(turn, service) >= boundsOf(turn, service).max) return false;
  const asker = registry.instances.get(serviceID)?.service ?? "instance";
  const reason = `${asker}#${serviceID} asked for another one`;
  return startInstance(turn, { service }, reason).kind === "ordered";
}

/** Most instances that start at a time because requests wait: whoever waits then asks again. */
const STARTING_MAX = 32;

/** While one instance starts: starts others beside it, when more requests wait than it takes. */
export function startFurther(turn: Turn, service: string): void {
  const { registry, parked } = turn.state;
  const concurrency = concurrencyOf(manifestOf(registry, service));
  const { max } = boundsOf(turn, service);
  if (concurrency === undefined || max === 1 || !isStarting(turn, service)) return;
  let waiting = 0;
  for (const one of parked.get(service)?.values() ?? []) waiting += one.waiting ?? 1;
  const wanted = Math.min(STARTING_MAX, Math.ceil(waiting / concurrency));
  const missing = Math.min(
    wanted - countStarting(turn, service),
    max - countLive(turn, service),
  );
  for (let left = missing; left > 0; left -= 1) {
    const reason = `${waiting} requests wait for it`;
    if (startInstance(turn, { service }, reason).kind !== "ordered") return;
  }
}
