/**
 * More instances: a source whose connections are all full, or lead to sick instances, asks for
 * another one, which is started while there are fewer than may be.
 *
 * The request itself is the measure of demand. As long as one instance starts, everybody waits for
 * that one, since each source can use it up to its `concurrency`: so many sources that ask at once
 * start one, and whoever finds that full too asks again.
 *
 * @module
 */

import { STATUS } from "../../../../protocol/status.ts";
import type { Parked } from "../../state.ts";
import { send, type Turn } from "../../turn.ts";
import { addParked, failRequest, refusalToPark } from "../connections/parking.ts";
import { isStarting, startInstance } from "../instances/placement.ts";
import { boundsOf, countLive } from "./bounds.ts";

/**
 * There is no other instance, and there will be none now. Nothing failed: the source goes on with
 * what it has, so the history says nothing of it.
 */
export function answerNoOther(turn: Turn, service: string, { link, messageID }: Parked): void {
  const status = STATUS.unavailable;
  const reason = `Cannot connect to "${service}": there is no other instance`;
  send(turn, link, { type: "connectionResponse", messageID, status, reason });
}

/** A source wants an instance beside those that run, none of which it can use. */
export function askForAnother(turn: Turn, service: string, parked: Parked): void {
  const { stopping, registry } = turn.state;
  if (!isStarting(turn, service)) {
    const isEnough = stopping || countLive(turn, service) >= boundsOf(turn, service).max;
    if (isEnough) return answerNoOther(turn, service, parked);
    const asker = registry.instances.get(parked.serviceID)?.service ?? "instance";
    const reason = `${asker}#${parked.serviceID} asked for another one`;
    // Where it can't be started now, the source asks again while it needs it.
    const start = startInstance(turn, { service }, reason);
    if (start.kind !== "ordered") return answerNoOther(turn, service, parked);
  }
  const refusal = refusalToPark(turn, service, parked);
  if (refusal === undefined) addParked(turn, service, parked);
  else failRequest(turn, parked, { ...refusal, destService: service });
}
