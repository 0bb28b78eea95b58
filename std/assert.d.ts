/**
 * Types for the assertions of the Deno standard library, which its npm package lacks. Every
 * assertion throws an {@linkcode AssertionError}; `message` is added to what it says.
 *
 * @module
 */

/** Thrown by every assertion here that does not hold. */
export class AssertionError extends Error {
  /** Makes an error with the given text. */
  constructor(message: string, options?: ErrorOptions);
}

/** A class whose instances are of type `T`; an abstract class counts too. */
// deno-lint-ignore no-explicit-any -- a class with any constructor matches only through `any`.
export type ClassOf<T> = abstract new (...parameters: any[]) => T;

/** Asserts that a value is truthy, and narrows its type accordingly. */
export function assert(condition: unknown, message?: string): asserts condition;

/** Asserts that two values are deeply equal (structure, class, keys; order of keys is free). */
export function assertEquals<T>(actual: T, expected: T, message?: string): void;

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;

/** Asserts that two values are the same by `Object.is`, and narrows to the expected type. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T;

/** Asserts that a value is neither `null` nor `undefined`, and narrows its type. */
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T>;

/** Asserts that a value is an instance of the class, and narrows its type. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: ClassOf<T>,
  message?: string,
): asserts actual is T;

/** Asserts that a text matches a regular expression. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void;

/** Asserts that a text contains another. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void;

/** Asserts that `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, message?: string): void;

/** Asserts that `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void;

/** Asserts that `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, message?: string): void;

/** Asserts that `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void;

/** Asserts that the function throws, and returns what it threw. */
export function assertThrows(operation: () => unknown, message?: string): unknown;
/** Asserts that the function throws an instance of the class whose message matches. */
export function assertThrows<E extends Error>(
  operation: () => unknown,
  errorClass: ClassOf<E>,
  messageMatches?: string | RegExp,
  message?: string,
): E;

/** Asserts that the promise of the function rejects, and resolves to what it rejected with. */
export function assertRejects(
  operation: () => PromiseLike<unknown>,
  message?: string,
): Promise<unknown>;
/** Asserts that the promise rejects with an instance of the class whose message matches. */
export function assertRejects<E extends Error>(
  operation: () => PromiseLike<unknown>,
  errorClass: ClassOf<E>,
  messageMatches?: string | RegExp,
  message?: string,
): Promise<E>;

/** Fails at once; for a branch that a test must not reach. */
export function fail(message?: string): never;

/** Fails at once; for code that is thought to be unreachable. */
export function unreachable(message?: string): never;
