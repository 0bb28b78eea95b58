/**
 * What an agent can start has changed while it runs: services came, went or were edited.
 *
 * @module
 */

import type { MessageOf, MessageType } from "../../../../protocol/messages.ts";
import { STATUS } from "../../../../protocol/status.ts";
import type { LinkID } from "../../../step.ts";
import type { AgentRecord } from "../../memory/registry.ts";
import { record, refuse, type Turn } from "../../turn.ts";
import { forgetCrashes } from "../instances/crashes.ts";
import { findMinimums } from "../scale/minimum.ts";
import { failParked, lookAgain } from "../connections/parking.ts";
import { isKnown } from "../instances/placement.ts";
import { replaceInstance } from "../instances/replacements.ts";
import { conflictsOf } from "./routes.ts";

/** What an agent says of what it can start: all of it. */
export type Repository = Pick<AgentRecord, "repository" | "manifests">;

/** Whether an agent can start the same as before, in the same way. */
export function isSameRepository(before: Repository | undefined, now: Repository): boolean {
  if (before === undefined) return false;
  const textOf = ({ repository, manifests }: Repository) => JSON.stringify([repository, manifests]);
  return textOf(before) === textOf(now);
}

/**
 * The repository of an agent is another one, or some of what it runs has to move. Instances of what
 * was edited, and those that move, are replaced.
 */
export function onRepositoryInfo(
  turn: Turn,
  link: LinkID,
  message: MessageOf<"repositoryInfo">,
): void {
  const { registry, agentOfLink, repositories } = turn.state;
  const agent = registry.agents.get(agentOfLink.get(link) ?? "");
  const { messageID, repository, manifests, edited = [], moving = [] } = message;
  // A copy may come late: what was said after it counts.
  if (agent === undefined || messageID <= (repositories.get(link) ?? 0)) return;
  repositories.set(link, messageID);
  for (const serviceID of moving) moveInstance(turn, agent, serviceID);
  if (moving.length > 0 && edited.length === 0 && isSameRepository(agent, message)) return;
  const { agent: name } = agent;
  record(turn, { kind: "agentRepositoryChanged", agent: name, repository, manifests, edited });
  const isEdited = new Set(edited);
  for (const service of isEdited) forgetCrashes(turn, service, "it was edited");
  for (const serviceID of [...agent.instances]) {
    const instance = registry.instances.get(serviceID);
    if (instance === undefined || !isEdited.has(instance.service)) continue;
    replaceInstance(turn, instance, { cause: "outdated", reason: "its service was edited" });
  }
  settleRepository(turn, agent, { link, type: message.type });
}

/** It is to be where none hangs beside it. That is no fault of its own, and no new code. */
function moveInstance(turn: Turn, { agent }: AgentRecord, serviceID: number): void {
  const instance = turn.state.registry.instances.get(serviceID);
  if (instance === undefined || instance.agent !== agent) return;
  const reason = "its process is given up, since another worker in it hangs";
  replaceInstance(turn, instance, { cause: "moving", reason });
}

/**
 * After an agent has said what it can start: what it runs of other services is ended, nobody waits
 * for what nobody has, and gateways are told.
 */
export function settleRepository(
  turn: Turn,
  agent: AgentRecord,
  from: { link: LinkID; type: MessageType },
): void {
  const { parked } = turn.state;
  endRemoved(turn, agent);
  for (const service of [...parked.keys()]) {
    if (isKnown(turn, service)) continue;
    const reason = `Cannot connect to "${service}": no agent has a service of that name any more`;
    failParked(turn, service, { status: STATUS.notFound, reason });
  }
  for (const { route, kept, refused } of conflictsOf(turn, agent)) {
    const reason = `Cannot route "${route}" to "${refused}": it leads to "${kept}"`;
    refuse(turn, from, { status: STATUS.conflict, reason });
  }
  turn.hasNewRoutes = true;
  findMinimums(turn);
  lookAgain(turn);
}

/** Ends what an agent runs of services that it has no more. */
export function endRemoved(turn: Turn, agent: AgentRecord): void {
  const known = new Set(agent.repository);
  for (const serviceID of [...agent.instances]) {
    const instance = turn.state.registry.instances.get(serviceID);
    if (instance === undefined || known.has(instance.service)) continue;
    const reason = `agent ${agent.agent} has the service no more`;
    replaceInstance(turn, instance, { cause: "removed", reason });
  }
}
