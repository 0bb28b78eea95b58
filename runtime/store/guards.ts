/**
 * Checks of values that were read as JSON: after a guard, types are true.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";

/** Whether an unknown value is of a type. Never throws. */
export type Guard<Value> = (value: unknown) => value is Value;

/** The guard of each field of an object; that of an optional field lets `undefined` in. */
export type FieldGuards<Type> = {
  readonly [Name in keyof Type]-?: Record<never, never> extends Pick<Type, Name>
    ? Guard<Type[Name] | undefined>
    : Guard<Type[Name]>;
};

/** Whether a value is a text. */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Whether a value is a whole number. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Whether a value is a number that is neither NaN nor infinite. */
export function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Whether a value is true or false. */
export function isFlag(value: unknown): value is boolean {
  return typeof value === "boolean";
}

/** A guard that lets in one of a few texts. */
export function oneOf<const Texts extends readonly string[]>(
  ...texts: Texts
): Guard<Texts[number]> {
  return (value): value is Texts[number] => texts.some((text) => text === value);
}

/** A guard that lets in what another does, and `undefined`. */
export function optional<Value>(guard: Guard<Value>): Guard<Value | undefined> {
  return (value): value is Value | undefined => value === undefined || guard(value);
}

/** A guard that lets in what another does, and `null`. */
export function nullable<Value>(guard: Guard<Value>): Guard<Value | null> {
  return (value): value is Value | null => value === null || guard(value);
}

/** A guard that lets in what one of two guards does. */
export function either<First, Second>(
  first: Guard<First>,
  second: Guard<Second>,
): Guard<First | Second> {
  return (value): value is First | Second => first(value) || second(value);
}

/** A guard of a list whose entries all pass another. */
export function listOf<Item>(item: Guard<Item>): Guard<Item[]> {
  return (value): value is Item[] => Array.isArray(value) && value.every((one) => item(one));
}

/** A guard of a pair. */
export function pairOf<First, Second>(
  first: Guard<First>,
  second: Guard<Second>,
): Guard<[First, Second]> {
  return (value): value is [First, Second] =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
}

/** A guard of an object with these fields; further fields are let through. */
export function shapeOf<Type>(fields: FieldGuards<Type>): Guard<Type> {
  const guards = Object.entries<(value: unknown) => boolean>(fields);
  return (value): value is Type =>
    isRecord(value) && guards.every(([name, guard]) => guard(value[name]));
}
