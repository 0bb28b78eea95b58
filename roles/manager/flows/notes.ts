/**
 * What an instance does that is no connection: it works on something by itself, or wants what it
 * may not.
 *
 * @module
 */

import type { MessageOf } from "../../../protocol/messages.ts";
import { STATUS } from "../../../protocol/status.ts";
import type { LinkID } from "../../step.ts";
import { setDeadline } from "../../deadlines.ts";
import { serviceIdleMs, USE_TOLD_MS } from "./idle.ts";
import type { Instance } from "../memory/registry.ts";
import { record, refuse, type Turn } from "../turn.ts";

/** A part of the idle time in which it is enough to record once that an instance works. */
const TOLD_PART = 4;

function instanceOf(
  turn: Turn,
  link: LinkID,
  { type, serviceID }: MessageOf<"serviceUseInfo" | "permissionRefusedInfo">,
): Instance | undefined {
  const instance = turn.state.registry.instances.get(serviceID);
  if (instance?.agent === turn.state.agentOfLink.get(link)) return instance;
  const reason = `Cannot note what "${serviceID}" does: this agent has no such instance`;
  refuse(turn, { link, type }, { status: STATUS.notFound, reason });
  return undefined;
}

/** An instance holds itself open: that is use, as that of a connection is. */
export function onServiceUseInfo(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"serviceUseInfo">,
): void {
  const instance = instanceOf(turn, link, message);
  if (instance === undefined) return;
  const { serviceID, service, lastUsedMs } = instance;
  setDeadline(turn.state.deadlines, `held:${serviceID}`, turn.nowMs + USE_TOLD_MS);
  if (lastUsedMs + serviceIdleMs(turn, instance) / TOLD_PART > turn.nowMs) return;
  record(turn, { kind: "instanceUsed", serviceID, service, reason: message.reason ?? "it works" });
}

/** Deno refused an instance what its manifest does not permit. */
export function onPermissionRefusedInfo(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"permissionRefusedInfo">,
): void {
  const instance = instanceOf(turn, link, message);
  if (instance === undefined) return;
  const { permission, target } = message;
  const { serviceID, service } = instance;
  const asked = target === undefined ? {} : { target };
  record(turn, { kind: "instanceRefused", serviceID, service, permission, ...asked });
}
