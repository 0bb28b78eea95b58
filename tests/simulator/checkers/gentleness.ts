/**
 * Checks that where nothing fails nothing is broken, given up or killed: all ends softly.
 *
 * @module
 */

import { isDone, STATUS } from "../../../protocol/status.ts";
import { GATEWAY_SERVICE } from "../../../roles/gateway/step.ts";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import type { World } from "../world.ts";

/** Reasons for which a connection is closed where nothing fails. */
const GENTLE_REASONS = [
  "idle",
  "its destination says",
  "closed by command",
  "stopped by command",
  "its agent drains",
  "its process is given up",
  "another one replaces it",
];

/** Whether both ends of a connection do all that they should; gateways always do. */
function hasGoodEnds(world: World, fact: Extract<Fact, { kind: "connectionClosed" }>): boolean {
  const isGoodSource = fact.service === GATEWAY_SERVICE || world.isGoodProcess(fact.serviceID);
  return isGoodSource && world.isGoodProcess(fact.destServiceID);
}

/** Where bounds are tight sources give up asking before the manager gives up looking for room. */
function isGivenUp(world: World, reason: string): boolean {
  return world.options.isTight && reason.includes("did not confirm");
}

function isGentle(world: World, fact: Fact): boolean {
  switch (fact.kind) {
    case "instanceEnded":
      return isDone(fact.status) || !world.isGoodProcess(fact.serviceID);
    case "instanceClosing":
      return fact.phase !== "hard" || fact.reason === "stopped by command" ||
        !world.isGoodProcess(fact.serviceID);
    case "connectionClosing":
      return GENTLE_REASONS.some((reason) => fact.reason.startsWith(reason)) ||
        isGivenUp(world, fact.reason);
    case "connectionClosed":
      // The exit of a process may be known before the last messages of its link.
      return fact.status === STATUS.ownDecision || fact.reason.endsWith(" ended") ||
        !hasGoodEnds(world, fact);
    case "agentDisconnected":
    case "agentLost":
      return false;
    default:
      return true;
  }
}

/** An offer is answered or taken up again when just the manager comes and goes. */
function isTakenUp(world: World, fact: Fact): boolean {
  if (fact.kind !== "connectionClosing" || world.options.repeatProbability > 0) return true;
  if (isGivenUp(world, fact.reason)) return true;
  return !fact.reason.includes("did not confirm");
}

/** What is recorded while nothing fails must be gentle. */
export function judgeGentleness(world: World, fact: Fact): void {
  if (world.isGentle ? isGentle(world, fact) : !world.isMild || isTakenUp(world, fact)) return;
  world.violations.report("gentleness", `though nothing fails: ${JSON.stringify(fact)}`);
}
