/**
 * The end of a connection and of an instance, as it enters the history: an instance ends only after
 * its connections, and what waited for either hears of it.
 *
 * @module
 */

import { cutReason } from "../../../../protocol/parse_message.ts";
import { STATUS } from "../../../../protocol/status.ts";
import { clearDeadline } from "../../../deadlines.ts";
import { type Connection, endsOf, type Instance } from "../../memory/registry.ts";
import { finishCommands, record, type Turn } from "../../turn.ts";
import { crashMarkOf, noteCrash, noteOrderlyEnd } from "./crashes.ts";

/** How something ended. */
export interface Ending {
  /** By class; 111 and 122 for connections. */
  readonly status: number;
  /** Why, for the history. */
  readonly reason: string;
}

/** Closes a connection in the registry; its instances may become idle by it, or be drained. */
export function endConnection(turn: Turn, connection: Connection, ending: Ending): void {
  const { deadlines } = turn.state;
  const { connectionID } = connection;
  record(turn, {
    kind: "connectionClosed",
    ...endsOf(connection),
    status: ending.status,
    reason: cutReason(ending.reason),
  });
  clearDeadline(deadlines, connectionID);
  turn.state.closeEnds.delete(connectionID);
  turn.state.inFlight.delete(connectionID);
  finishCommands(turn, `connection:${connectionID}`, { status: STATUS.done, reason: "closed" });
  turn.touched.add(connection.serviceID).add(connection.destServiceID);
}

/** How an instance ended. */
export interface InstanceEnding extends Ending {
  /** The exit code of its process. */
  readonly exitCode?: number | undefined;
  /** The signal that ended its process. */
  readonly signal?: string | undefined;
  /** Whether nobody asked for it, and it is the service's own fault. @default {false} */
  readonly isCrash?: boolean;
}

/** Ends an instance in the registry, after its connections. */
export function endInstance(turn: Turn, instance: Instance, ending: InstanceEnding): void {
  const { deadlines } = turn.state;
  const { serviceID, service } = instance;
  for (const connection of new Set([...instance.outgoing, ...instance.incoming])) {
    const reason = `${service}#${serviceID} ended`;
    endConnection(turn, connection, { status: STATUS.brokenLink, reason });
  }
  const { exitCode, signal } = ending;
  // Who had to be killed for its memory has crashed, though its end was ordered.
  const { killedFor } = instance;
  const status = killedFor === undefined ? ending.status : STATUS.failed;
  // One that is sick has counted as a crash when that was found.
  const isSick = instance.leaving === "unhealthy";
  // By a signal a process ends, and those with it that had not left it yet.
  const isVictim = instance.leaving === "moving" && signal !== undefined;
  const isCrash = !isSick &&
    (killedFor !== undefined || (ending.isCrash === true && !isVictim));
  record(turn, {
    kind: "instanceEnded",
    serviceID,
    service,
    status,
    reason: cutReason(killedFor ?? ending.reason),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(isCrash ? { crash: crashMarkOf(turn, instance) } : {}),
  });
  if (isCrash) noteCrash(turn, service);
  else if (instance.state === "closing" && !isSick) noteOrderlyEnd(turn, instance);
  clearDeadline(deadlines, `start:${serviceID}`);
  clearDeadline(deadlines, `instance:${serviceID}`);
  clearDeadline(deadlines, `phase:${serviceID}`);
  clearDeadline(deadlines, `held:${serviceID}`);
  clearDeadline(deadlines, `check:${serviceID}`);
  turn.state.killAttempts.delete(serviceID);
  turn.state.refusals.delete(serviceID);
  turn.state.ticketKeys.delete(serviceID);
  turn.state.usages.delete(serviceID);
  turn.state.busy.delete(serviceID);
  turn.state.healths.delete(serviceID);
  if (!instance.launched) forgetRegistration(turn, serviceID);
  forgetRequestsOf(turn, serviceID);
  turn.wanted.add(service);
  noteGone(turn, instance);
  finishCommands(turn, `instance:${serviceID}`, { status: STATUS.done, reason: ending.reason });
  if (turn.state.stopping && !hasLaunched(turn)) {
    finishCommands(turn, "mesh", { status: STATUS.done, reason: "every service has ended" });
  }
}

/** An instance is gone: others may wait for its place, and commands for its end. */
function noteGone(turn: Turn, { serviceID, agent }: Instance): void {
  const { registry, parked, moves } = turn.state;
  for (const move of moves.values()) if (move.waiting.delete(serviceID)) move.gone += 1;
  if (registry.agents.get(agent)?.capacity === undefined) return;
  for (const service of parked.keys()) turn.wanted.add(service);
}

/** Forgets by which request an instance registered: repeated, it is another instance. */
function forgetRegistration(turn: Turn, serviceID: number): void {
  for (const [key, registered] of turn.state.registrations) {
    if (registered === serviceID) turn.state.registrations.delete(key);
  }
}

/** Forgets the requests of an instance that ended: there is nobody left to answer. */
function forgetRequestsOf(turn: Turn, serviceID: number): void {
  for (const [service, waiting] of turn.state.parked) {
    for (const [key, parked] of waiting) {
      if (parked.serviceID === serviceID) unpark(turn, service, key);
    }
  }
}

/** Takes one request from those that wait for a service. */
export function unpark(turn: Turn, service: string, key: string): void {
  const waiting = turn.state.parked.get(service);
  waiting?.delete(key);
  if (waiting?.size === 0) {
    turn.state.parked.delete(service);
    turn.state.plugRetries.delete(service);
  }
  clearDeadline(turn.state.deadlines, `parked:${service}/${key}`);
}

/** Whether any launched instance is still live. */
export function hasLaunched(turn: Turn): boolean {
  for (const instance of turn.state.registry.instances.values()) {
    if (instance.launched) return true;
  }
  return false;
}
