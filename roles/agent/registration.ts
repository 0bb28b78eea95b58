/**
 * Flow 3 at the agent: it registers by every new link to a manager, and reports what it has.
 *
 * @module
 */

import type { ReportedConnection, ReportedInstance } from "../../protocol/announcements.ts";
import type { MessageOf } from "../../protocol/messages.ts";
import { isDone, STATUS } from "../../protocol/status.ts";
import { clearDeadline, hasDeadline, setDeadline } from "../deadlines.ts";
import type { LinkID } from "../step.ts";
import type { InstancesMoving, RepositoryChanged } from "./events.ts";
import { forgetAsker, repeatRelays } from "./relays.ts";
import { endSpares, onSparesWanted, wantSpares } from "./spares.ts";
import { type AgentTurn, newMessageID, refuse, send, sendUp } from "./state.ts";

/** A link to the manager is open: a new one replaces the old one. */
export function onManagerLinked(turn: AgentTurn, link: LinkID): void {
  const { state } = turn;
  if (state.managerLink !== undefined) {
    const reason = "another link to the manager was opened";
    turn.effects.push({ kind: "closeLink", link: state.managerLink, reason });
    forgetAsker(turn);
  }
  state.managerLink = link;
  state.registered = false;
  // Whoever comes back soon is to be reported too: else the manager would take it for gone.
  if (!hasDeadline(state.deadlines, "adopt:")) register(turn);
}

/** Registers, once every instance of the agent before has come back or is given up. */
export function endAdoptionIfWhole(turn: AgentTurn): void {
  const { deadlines, instances, managerLink } = turn.state;
  for (const { phase } of instances.values()) if (phase === "recorded") return;
  clearDeadline(deadlines, "adopt:");
  if (managerLink !== undefined) register(turn);
}

function register(turn: AgentTurn): void {
  const { state } = turn;
  const { options, manifests, managerLink } = state;
  if (managerLink === undefined || state.registered) return;
  const { labels, capacity, incarnation, sessionCertificate } = options;
  state.registerMessageID = newMessageID(turn);
  setDeadline(state.deadlines, "register:", turn.nowMs + options.helloMs);
  send(turn, managerLink, {
    type: "agentRegisterRequest",
    messageID: state.registerMessageID,
    agentNetwork: options.network,
    agentPort: options.port,
    repository: Object.keys(manifests),
    agentName: options.name,
    manifests,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(sessionCertificate === undefined ? {} : { sessionCertificate }),
    instances: reportedInstances(turn),
    connections: reportedConnections(turn),
  });
  // What happens from now on follows the report by the same link, so it may be sent already.
  state.registered = true;
  tellReplaced(turn);
  repeatRelays(turn);
}

/** What the agent can start has changed: what is started from now on is of the new set. */
export function onRepositoryChanged(turn: AgentTurn, event: RepositoryChanged): void {
  const { state } = turn;
  state.manifests = event.manifests;
  for (const instance of state.instances.values()) {
    if (instance.launched && event.edited.includes(instance.service)) instance.outdated = true;
  }
  onSparesWanted(turn, event.warm ?? {}, event.edited);
  // What was edited before was told then: since then it may run of the new set too.
  tellRepository(turn, editedServices(turn).filter((service) => event.edited.includes(service)));
}

/** What shares a process that is to end is replaced, and keeps what its service is known for. */
export function onInstancesMoving(turn: AgentTurn, event: InstancesMoving): void {
  const { serviceIDs, spareIDs } = event;
  endSpares(turn, spareIDs);
  for (const serviceID of serviceIDs) {
    const instance = turn.state.instances.get(serviceID);
    if (instance !== undefined) instance.isMoving = true;
  }
  if (movingInstances(turn).length > 0) tellRepository(turn, []);
}

/** A manager that was away has not heard which instances are to be replaced. */
function tellReplaced(turn: AgentTurn): void {
  const edited = editedServices(turn);
  if (edited.length + movingInstances(turn).length > 0) tellRepository(turn, edited);
}

function tellRepository(turn: AgentTurn, edited: readonly string[]): void {
  const { manifests } = turn.state;
  const repository = Object.keys(manifests);
  const moving = movingInstances(turn);
  const messageID = newMessageID(turn);
  const replaced = moving.length === 0 ? { edited } : { edited, moving };
  sendUp(turn, { type: "repositoryInfo", messageID, repository, manifests, ...replaced });
}

/** Services with instances that run what is not there any more. */
function editedServices(turn: AgentTurn): string[] {
  const edited = new Set<string>();
  for (const { service, outdated, phase } of turn.state.instances.values()) {
    if (outdated && phase !== "failing") edited.add(service);
  }
  return [...edited];
}

/** Instances in processes that are given up. */
function movingInstances({ state }: AgentTurn): number[] {
  const moving: number[] = [];
  for (const { serviceID, isMoving, phase } of state.instances.values()) {
    if (isMoving && phase !== "failing") moving.push(serviceID);
  }
  return moving;
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
  if (isDone(message.status)) return wantSpares(turn);
  state.registered = false;
  const reason = message.reason ?? `the manager refused the registration (${message.status})`;
  turn.effects.push({ kind: "closeLink", link, reason });
}
