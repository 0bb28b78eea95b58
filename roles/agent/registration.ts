/**
 * Flow 3 at the agent: it registers by every new link to a manager, and reports what it has.
 *
 * @module
 */

import type { ReportedConnection, ReportedInstance } from "../../protocol/announcements.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, setDeadline } from "../deadlines.ts";
import type { LinkID } from "../step.ts";
import { repeatRelays } from "./relays.ts";
import { type AgentTurn, newMessageID, refuse, send } from "./state.ts";

/** A link to the manager is open: a new one replaces the old one. */
export function onManagerLinked(turn: AgentTurn, link: LinkID): void {
  const { state } = turn;
  const { options } = state;
  if (state.managerLink !== undefined) {
    const reason = "another link to the manager was opened";
    turn.effects.push({ kind: "closeLink", link: state.managerLink, reason });
    state.downward.clear();
  }
  state.managerLink = link;
  state.registered = false;
  state.registerMessageID = newMessageID(turn);
  setDeadline(state.deadlines, "register:", turn.nowMs + options.helloMs);
  send(turn, link, {
    type: "agentRegisterRequest",
    messageID: state.registerMessageID,
    agentNetwork: options.network,
    agentPort: options.port,
    repository: Object.keys(options.manifests),
    agentName: options.name,
    manifests: options.manifests,
    ...(Object.keys(options.labels).length === 0 ? {} : { labels: options.labels }),
    ...(options.capacity === undefined ? {} : { capacity: options.capacity }),
    instances: reportedInstances(turn),
    connections: reportedConnections(turn),
  });
  // What happens from now on follows the report by the same link, so it may be sent already.
  state.registered = true;
  repeatRelays(turn);
}

function reportedInstances(turn: AgentTurn): ReportedInstance[] {
  const reported: ReportedInstance[] = [];
  for (const instance of turn.state.instances.values()) {
    if (instance.phase === "failing") continue;
    const { serviceID, service: typeOfService, plugs: plugConfiguration, launched } = instance;
    const started = instance.phase === "running";
    const { ticketKey } = instance;
    const key = ticketKey === undefined ? {} : { ticketKey };
    reported.push({ serviceID, typeOfService, plugConfiguration, launched, started, ...key });
  }
  return reported;
}

function reportedConnections(turn: AgentTurn): ReportedConnection[] {
  const reported: ReportedConnection[] = [];
  for (const { serviceID, connections } of turn.state.instances.values()) {
    for (const [sourcePlug, { destServiceID, destPlug }] of connections) {
      reported.push({ serviceID, sourcePlug, destServiceID, destPlug });
    }
  }
  return reported;
}

/** The manager has taken the registration, or not: then the host tries again by a new link. */
export function onAgentRegisterResponse(
  turn: AgentTurn,
  link: LinkID,
  message: MessageOf<"agentRegisterResponse">,
): void {
  const { state } = turn;
  if (message.messageID !== state.registerMessageID) {
    const reason = `Cannot match response "${message.messageID}": nothing was asked`;
    return refuse(turn, { link, type: message.type }, { status: STATUS.notFound, reason });
  }
  state.registerMessageID = undefined;
  clearDeadline(state.deadlines, "register:");
  if (isDone(message.status)) return;
  state.registered = false;
  const reason = message.reason ?? `the manager refused the registration (${message.status})`;
  turn.effects.push({ kind: "closeLink", link, reason });
}
