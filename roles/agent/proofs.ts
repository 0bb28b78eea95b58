/**
 * How processes show who they are, each by the secret that only it was given: when they start, by a
 * new link after the one before broke, and to an agent that was started in the place of theirs.
 *
 * @module
 */

import type { ReportedConnection } from "../../protocol/announcements.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import { isSameText } from "../../protocol/same_text.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import type { LinkID } from "../step.ts";
import type { InstancesRecorded } from "./events.ts";
import { answerStart, forgetInstance, killInstance } from "./processes.ts";
import { endAdoptionIfWhole } from "./registration.ts";
import { closeUnknown, passDown } from "./relays.ts";
import { type AgentTurn, type LocalInstance, newInstance, refuse, sendUp } from "./state.ts";

/** A process says that it is an instance and accepts connections, or why not. */
export function onStartServiceResponse(
  turn: AgentTurn,
  link: LinkID,
  message: MessageOf<"startServiceResponse">,
): void {
  const { instances, links, newcomers, deadlines } = turn.state;
  const instance = instances.get(message.serviceID);
  // An instance speaks by one link at a time, so who has the secret of one that does is another.
  const isAwaited = instance?.launched === true && instance.link === undefined;
  const expected = isAwaited ? instance.token : undefined;
  if (expected === undefined || !isSameText(message.token ?? "", expected)) {
    const reason = `Cannot take "${message.serviceID}": wrong or used token`;
    refuse(turn, { link, type: message.type }, { status: STATUS.unauthorized, reason });
    turn.effects.push({ kind: "closeLink", link, reason });
    return;
  }
  const known = links.get(link);
  if (instance === undefined || known === undefined || known.serviceID !== undefined) return;
  instance.link = link;
  known.serviceID = instance.serviceID;
  newcomers.delete(link);
  clearDeadline(deadlines, `hello:${link}`);
  clearDeadline(deadlines, `start:${instance.serviceID}`);
  clearDeadline(deadlines, `orphan:${instance.serviceID}`);
  clearDeadline(deadlines, `handover:${instance.serviceID}`);
  instance.isFromSpare = false;
  const isRunning = instance.phase === "running";
  if (!isRunning && !isDone(message.status)) return onFailedStart(turn, instance, message);
  switch (instance.phase) {
    case "launching":
      instance.phase = "running";
      return answerStart(turn, instance, { status: message.status, loadMs: message.loadMs });
    case "recorded":
      return adopt(turn, instance, message.connections ?? []);
    case "running":
      return goOn(turn, instance, message.connections);
  }
}

/** It exits by itself now; its exit tells nothing new. */
function onFailedStart(
  turn: AgentTurn,
  instance: LocalInstance,
  message: MessageOf<"startServiceResponse">,
): void {
  const { serviceID, phase } = instance;
  instance.phase = "failing";
  instance.token = undefined;
  setDeadline(
    turn.state.deadlines,
    `orphan:${serviceID}`,
    turn.nowMs + turn.state.options.orphanMs,
  );
  const reason = message.reason === undefined ? {} : { reason: message.reason };
  // One of an agent before is not reported to the manager, which then knows that it is gone.
  if (phase === "recorded") endAdoptionIfWhole(turn);
  else answerStart(turn, instance, { status: message.status, ...reason });
}

/** The agent was started again: it knows whom the one before had, and waits for them. */
export function onInstancesRecorded(turn: AgentTurn, event: InstancesRecorded): void {
  const { instances, deadlines, options } = turn.state;
  for (const { serviceID, service, plugs, token, ticketKey, outdated } of event.instances) {
    if (instances.has(serviceID)) continue;
    const launched = true;
    const secrets = { token, ticketKey, outdated: outdated ?? false };
    instances.set(
      serviceID,
      newInstance({ serviceID, service, plugs, launched, phase: "recorded", ...secrets }),
    );
  }
  for (const { serviceID, service, plugs, token, peer } of event.gateways ?? []) {
    if (instances.has(serviceID)) continue;
    const launched = false;
    instances.set(
      serviceID,
      newInstance({ serviceID, service, plugs, launched, phase: "recorded", token, peer }),
    );
  }
  if (instances.size === 0) return;
  setDeadline(deadlines, "adopt:", turn.nowMs + options.adoptMs);
}

/** An instance of the agent before has come back, with what it has open. */
export function adopt(
  turn: AgentTurn,
  instance: LocalInstance,
  connections: readonly ReportedConnection[],
): void {
  instance.phase = "running";
  for (const { serviceID, sourcePlug, destServiceID, destPlug } of connections) {
    if (serviceID !== instance.serviceID) continue;
    instance.connections.set(sourcePlug, { destServiceID, destPlug });
  }
  endAdoptionIfWhole(turn);
}

/**
 * Whoever has not come back by now does not hear the agent: it is killed, and reported as gone. A
 * gateway gets a new number when it comes later.
 */
export function onAdoptDue(turn: AgentTurn): void {
  for (const instance of turn.state.instances.values()) {
    if (instance.phase !== "recorded") continue;
    if (!instance.launched) {
      forgetInstance(turn, instance);
      continue;
    }
    instance.phase = "failing";
    instance.token = undefined;
    killInstance(turn, instance);
  }
  endAdoptionIfWhole(turn);
}

/** An instance is back by another link: both tell each other what they have missed meanwhile. */
export function goOn(
  turn: AgentTurn,
  instance: LocalInstance,
  reported: readonly ReportedConnection[] | undefined,
): void {
  // Who does not say what is open has all of it open still, as far as anybody knows.
  if (reported !== undefined) compareConnections(turn, instance, reported);
  for (const held of instance.held.splice(0)) passDown(turn, instance, held);
}

function compareConnections(
  turn: AgentTurn,
  instance: LocalInstance,
  reported: readonly ReportedConnection[],
): void {
  const { serviceID, connections } = instance;
  const open = new Map(
    reported.filter((one) => one.serviceID === serviceID).map((one) => [one.sourcePlug, one]),
  );
  for (const [sourcePlug, { destPlug }] of connections) {
    if (open.has(sourcePlug)) continue;
    connections.delete(sourcePlug);
    const ends = { serviceID, sourcePlug, destPlug };
    const reason = "it ended while its source had no link to the agent";
    const status = STATUS.brokenLink;
    sendUp(turn, { type: "sourceConnectionClose", ...ends, status, reason });
  }
  for (const { sourcePlug, destPlug } of open.values()) {
    if (!connections.has(sourcePlug)) closeUnknown(turn, instance, { sourcePlug, destPlug });
  }
}
