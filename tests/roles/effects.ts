/**
 * Ways to look at the effects of a step.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Message, MessageType } from "../../protocol/messages.ts";

/** A message of one type. */
export type Of<Type extends MessageType> = Extract<Message, { type: Type }>;

interface Effect {
  readonly kind: string;
}

interface SendLike extends Effect {
  readonly link: string;
  readonly message: Message;
}

function isSend(effect: Effect): effect is SendLike {
  return effect.kind === "send" && "message" in effect;
}

function isOf<Type extends MessageType>(message: Message, type: Type): message is Of<Type> {
  return message.type === type;
}

/** Every message of a type that was sent, by any link or by one. */
export function sent<Type extends MessageType>(
  effects: readonly Effect[],
  type: Type,
  link?: string,
): Of<Type>[] {
  const found: Of<Type>[] = [];
  for (const effect of effects) {
    if (!isSend(effect) || (link !== undefined && effect.link !== link)) continue;
    if (isOf(effect.message, type)) found.push(effect.message);
  }
  return found;
}

/** The one message of a type that was sent. */
export function theSent<Type extends MessageType>(
  effects: readonly Effect[],
  type: Type,
  link?: string,
): Of<Type> {
  const [first, ...more] = sent(effects, type, link);
  assert(first !== undefined && more.length === 0, `not one ${type} in ${show(effects)}`);
  return first;
}

/** Every effect of a kind. */
export function ofKind<Each extends Effect, Kind extends Each["kind"]>(
  effects: readonly Each[],
  kind: Kind,
): Extract<Each, { kind: Kind }>[] {
  return effects.filter((one): one is Extract<Each, { kind: Kind }> => one.kind === kind);
}

/** The one effect of a kind. */
export function theOne<Each extends Effect, Kind extends Each["kind"]>(
  effects: readonly Each[],
  kind: Kind,
): Extract<Each, { kind: Kind }> {
  const [first, ...more] = ofKind(effects, kind);
  assert(first !== undefined && more.length === 0, `not one ${kind} in ${show(effects)}`);
  return first;
}

/** Effects as a failing test shows them. */
export function show(effects: readonly Effect[]): string {
  return effects.map((effect) => JSON.stringify(effect)).join("\n") || "no effects";
}
