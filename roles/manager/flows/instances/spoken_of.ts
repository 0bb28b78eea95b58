/**
 * Whom an agent speaks of: an agent speaks for its own instances only.
 *
 * @module
 */

import type { MessageType } from "../../../../protocol/messages.ts";
import { STATUS } from "../../../../protocol/status.ts";
import type { LinkID } from "../../../step.ts";
import type { Instance } from "../../memory/registry.ts";
import { refuse, type Turn } from "../../turn.ts";

/** Finds the instance that an agent speaks of, or refuses the message. */
export function instanceOfAgent(
  turn: Turn,
  link: LinkID,
  { serviceID, type }: { readonly serviceID: number; readonly type: MessageType },
): Instance | undefined {
  const instance = turn.state.registry.instances.get(serviceID);
  if (instance !== undefined && instance.agent === turn.state.agentOfLink.get(link)) {
    return instance;
  }
  const reason = `Cannot find instance "${serviceID}": this agent has no such instance`;
  refuse(turn, { link, type }, { status: STATUS.notFound, reason });
  return undefined;
}
