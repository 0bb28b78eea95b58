/**
 * One step of a manager in progress: its state, the time, and the effects so far. All recording and
 * all sending of the manager goes through here.
 *
 * @module
 */

import type { Message, MessageType } from "../../protocol/messages.ts";
import type { LinkID } from "../step.ts";
import type { FactBody } from "./memory/facts.ts";
import { applyFact } from "./memory/fold.ts";
import type { ManagerEffect, ManagerState } from "./state.ts";

/** A step in progress. */
export interface Turn {
  /** The state that the step changes. */
  readonly state: ManagerState;
  /** The time of the step, in milliseconds since 1970. */
  readonly nowMs: number;
  /** What the host shall do, in order. */
  readonly effects: ManagerEffect[];
  /** Instances that may have become idle or drained; the end of the step looks at them. */
  readonly touched: Set<number>;
  /** Services of which an instance ended or came back; the end of the step looks who waits. */
  readonly wanted: Set<string>;
  /** Services that no agent could start: the end of the step looks for room. */
  readonly crowded: Set<string>;
  /** Services that were started: what they will need is started by the end of the step. */
  readonly ordered: Set<string>;
  /** Whether agents came, went or have other services: gateways may have to hear of it. */
  hasNewRoutes: boolean;
  /** Instances that have just registered, or whose agent has: gateways want to know the routes. */
  readonly arrived: Set<number>;
}

/** What is needed of a step to look at the state, and change nothing. */
export type Moment = Pick<Turn, "state" | "nowMs">;

/** A step that begins. */
export function beginTurn(state: ManagerState, nowMs: number): Turn {
  return {
    state,
    nowMs,
    effects: [],
    touched: new Set(),
    wanted: new Set(),
    crowded: new Set(),
    ordered: new Set(),
    hasNewRoutes: false,
    arrived: new Set(),
  };
}

/** Records a fact and applies it: the only way in which the registry changes. */
export function record(turn: Turn, body: FactBody): void {
  const { registry } = turn.state;
  const fact = { ...body, seq: registry.lastSeq + 1, atMs: turn.nowMs };
  applyFact(registry, fact);
  turn.effects.push({ kind: "record", fact });
}

/** Sends by a link. */
export function send(turn: Turn, link: LinkID, message: Message): void {
  turn.effects.push({ kind: "send", link, message });
}

/** Sends to an agent; false when it has no open link. */
export function sendToAgent(turn: Turn, agent: string, message: Message): boolean {
  const link = turn.state.linkOfAgent.get(agent);
  if (link === undefined) return false;
  send(turn, link, message);
  return true;
}

/** A number for a new request of the manager. */
export function newMessageID(turn: Turn): number {
  turn.state.lastMessageID += 1;
  return turn.state.lastMessageID;
}

/** A number for a new instance. */
export function newServiceID(turn: Turn): number {
  const { registry, serviceIDsFrom } = turn.state;
  return Math.max(registry.lastServiceID + 1, serviceIDsFrom);
}

/** Says that a message made no sense and changed nothing. */
export function refuse(
  turn: Turn,
  from: { link: LinkID; type: MessageType },
  refusal: { status: number; reason: string },
): void {
  turn.effects.push({ kind: "refuse", ...from, ...refusal });
}

/** Tells those who gave a command about this instance, connection or mesh that it is done. */
export function finishCommands(
  turn: Turn,
  key: string,
  outcome: { status: number; reason: string },
): void {
  const waiting = turn.state.commands.get(key);
  if (waiting === undefined) return;
  turn.state.commands.delete(key);
  for (const commandID of waiting) {
    turn.effects.push({ kind: "commandDone", commandID, ...outcome });
  }
}
