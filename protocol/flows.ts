/**
 * The nine flows as sequences of messages, for the reference. It names only messages of the table,
 * and sends them only the way that the table says.
 *
 * @module
 */

import type { MessageType } from "./messages.ts";

/** Who takes part in a flow. `A` and `B` are services; the agents are each their own. */
export type FlowActor = "Manager" | "Agent" | "A" | "B";

/** One step of a flow: a message over one hop, or something that an actor does. */
export type FlowStep =
  | { readonly from: FlowActor; readonly to: FlowActor; readonly message: MessageType }
  | { readonly actor: FlowActor; readonly does: string };

/** One of the nine flows. */
export interface Flow {
  /** Its name. */
  readonly title: string;
  /** When it happens, and what else a reader must know of it. */
  readonly doc: string;
  /** What happens, in order. */
  readonly steps: readonly FlowStep[];
}

function send(from: FlowActor, to: FlowActor, message: MessageType): FlowStep {
  return { from, to, message };
}

function act(actor: FlowActor, does: string): FlowStep {
  return { actor, does };
}

/** From a service through its agent to the manager. */
function up(from: "A" | "B", message: MessageType): FlowStep[] {
  return [send(from, "Agent", message), send("Agent", "Manager", message)];
}

/** From the manager through the agent to a service. */
function down(to: "A" | "B", message: MessageType): FlowStep[] {
  return [send("Manager", "Agent", message), send("Agent", to, message)];
}

/** The nine flows, in the order of their numbers. */
export const FLOWS: readonly Flow[] = [
  {
    title: "Registration of a service that runs from the start",
    doc:
      "For the gateway, and whatever else no agent launched. Only a link that the agent's host " +
      "trusts may register; a launched process proves itself by flow 4 instead. A service " +
      "whose link broke says its number and what it has open by the next one. An agent that " +
      "knows it, the same one or one that was started again, answers by itself and with that " +
      "number; else the manager gives it a new one, and what was open under the old number is " +
      "closed.",
    steps: [...up("A", "serviceRegisterRequest"), ...down("A", "serviceRegisterResponse")],
  },
  {
    title: "Processed data",
    doc: "The source of a connection reports its use: at most once a second, with the count of " +
      "exchanges that ended since. While an exchange is open it reports too, with a count of 0, " +
      "so that nothing in use is closed as idle.",
    steps: [...up("A", "processData"), act("Manager", "marks the instance and both plugs as used")],
  },
  {
    title: "Registration of an agent",
    doc:
      "Once by each link to a manager. When the agent comes again it reports the instances and " +
      "connections that it has, and the manager reconciles: it adopts what both know, ends in " +
      "its registry what the agent does not have, adopts what its history never heard of, and " +
      "has ended softly what it had given up. A second host of the same name is refused with 409 " +
      "while the first one is there.",
    steps: [
      send("Agent", "Manager", "agentRegisterRequest"),
      send("Manager", "Agent", "agentRegisterResponse"),
    ],
  },
  {
    title: "Start of A",
    doc:
      "An exit before the confirmation, or no confirmation within the start timeout, is a failed " +
      "start: the agent answers with a 5xx status and the last lines of stderr. Status 409 means " +
      "that the plug was taken; the manager tries another one.",
    steps: [
      send("Manager", "Agent", "startServiceRequest"),
      act("Agent", "creates the process, with a one-time token in its environment"),
      act("A", "listens on its plug and connects to the agent"),
      send("A", "Agent", "startServiceResponse"),
      act("Agent", "checks the token, and takes it out of the message"),
      send("Agent", "Manager", "startServiceResponse"),
    ],
  },
  {
    title: "Connection from A to B",
    doc:
      "When no instance of B runs, the manager starts one first (flow 4); requests that arrive " +
      "meanwhile share that start. A and B may be on different hosts. When A can't dial it " +
      "confirms with a 5xx status and may ask again.",
    steps: [
      ...up("A", "connectionRequest"),
      ...down("A", "connectionResponse"),
      act("A", "dials destServiceNetwork:destPlug"),
      ...up("A", "connectionConfirmation"),
    ],
  },
  {
    title: "Close by the services",
    doc: "Either notice may be missing (a crash): one is enough. The second one changes nothing.",
    steps: [
      act("A", "closes the connection, or finds it broken"),
      ...up("A", "sourceConnectionClose"),
      ...up("B", "destConnectionClose"),
    ],
  },
  {
    title: "Close on the manager's command",
    doc: "Because the connection is idle, or somebody asked. When A's host is gone, B is asked " +
      "instead, with its number in destServiceID.",
    steps: [
      ...down("A", "connectionCloseRequest"),
      act("A", "finishes what is in flight, and closes"),
      ...up("A", "connectionCloseResponse"),
    ],
  },
  {
    title: "Soft shutdown",
    doc:
      "For an instance without connection and data for its idle time, or on command; of one in " +
      "use the connections are closed first (flow 7). Where it is to be replaced (its agent is " +
      "drained, its service was edited), another one is started before that. It may refuse once, " +
      "with 409 and retryAfterMs: after that (at most ten minutes) it is asked with isFinal. " +
      "Until then it gets nothing new.",
    steps: [
      ...down("A", "softShutdownRequest"),
      act("A", "accepts nothing new, finishes what is in flight, closes its connections"),
      ...up("A", "softShutdownResponse"),
      act("A", "exits"),
      send("Agent", "Manager", "serviceTerminationInfo"),
    ],
  },
  {
    title: "Hard shutdown",
    doc:
      "When the grace of a soft shutdown is over, or on command. The sources of its connections " +
      "are asked first to close them (flow 7), with isGone: then nothing new is sent there, and " +
      "what is in flight is given up a second later, whatever their sessions show.",
    steps: [
      send("Manager", "Agent", "hardShutdownRequest"),
      act("Agent", "kills the whole process group"),
      send("Agent", "Manager", "hardShutdownResponse"),
    ],
  },
];
