/**
 * What an instance does that is no connection: it works on something by itself, or wants what it
 * may not.
 *
 * @module
 */

import type { MessageOf } from "../../../../protocol/messages.ts";
import type { LinkID } from "../../../step.ts";
import { setDeadline } from "../../../deadlines.ts";
import { isToldOften, serviceIdleMs, USE_TOLD_MS } from "../idle.ts";
import { instanceOfAgent } from "./spoken_of.ts";
import { record, type Turn } from "../../turn.ts";

/** What an instance works on by itself. */
export interface BusyNote {
  /** In its own words. */
  readonly reason: string;
  /** Until when that is taken for true, unless it says so again. Milliseconds since 1970. */
  readonly untilMs: number;
}

/** An instance holds itself open: that is use, as that of a connection is. */
export function onServiceUseInfo(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"serviceUseInfo">,
): void {
  const instance = instanceOfAgent(turn, link, message);
  if (instance === undefined) return;
  const { serviceID, service, lastUsedMs } = instance;
  const untilMs = turn.nowMs + USE_TOLD_MS;
  const { reason = "it works" } = message;
  setDeadline(turn.state.deadlines, `held:${serviceID}`, untilMs);
  turn.state.busy.set(serviceID, { reason, untilMs });
  if (isToldOften(turn, { lastUsedMs, idleMs: serviceIdleMs(turn, instance) })) return;
  record(turn, { kind: "instanceUsed", serviceID, service, reason });
}

/** Deno refused an instance what its manifest does not permit. */
export function onPermissionRefusedInfo(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"permissionRefusedInfo">,
): void {
  const instance = instanceOfAgent(turn, link, message);
  if (instance === undefined) return;
  const { permission, target } = message;
  const { serviceID, service } = instance;
  const asked = target === undefined ? {} : { target };
  record(turn, { kind: "instanceRefused", serviceID, service, permission, ...asked });
}
