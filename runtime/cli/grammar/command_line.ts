/**
 * Reads a command line by the table of commands.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import { parseArgs } from "@std/cli/parse-args";
import { suggestionText } from "../../config/suggestion.ts";
import type { CommandSpec, Value, ValueType } from "./command_spec.ts";
import {
  COMMAND_NAMES,
  type CommandName,
  COMMANDS,
  isCommandName,
  type Parsed,
} from "./commands.ts";
import { readValue } from "./values.ts";

/** Somebody asks what can be done. */
export interface HelpRequest {
  /** Tells it from a command and from an error. */
  readonly kind: "help";
  /** The command that is asked about; absent for all of them. */
  readonly command?: CommandName;
}

/** Somebody asks which version this is. */
export interface VersionRequest {
  /** Tells it from a command and from an error. */
  readonly kind: "version";
}

/** A command line that cannot be run. */
export interface UsageError {
  /** Tells it from a command and from a request for help. */
  readonly kind: "error";
  /** What is wrong, a line for each mistake. */
  readonly message: string;
  /** The command that was meant, if that much is clear. */
  readonly command?: CommandName;
}

/** What can stand on a command line. */
export type CommandLine = Parsed | HelpRequest | VersionRequest | UsageError;

/** Options of {@linkcode parseCommandLine}. */
export interface ParseOptions {
  /**
   * The time from which `--since 10m` counts back, in milliseconds since 1970.
   *
   * @default {Date.now()}
   */
  readonly nowMs?: number;
}

/**
 * Reads a command line. Nothing is thrown: a mistake is a value, and all mistakes come at once.
 *
 * @example
 * ```ts
 * import { parseCommandLine } from "./command_line.ts";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const parsed = parseCommandLine(["history", "--limit", "5"]);
 * assert(parsed.kind === "command" && parsed.command === "history");
 * assertEquals(parsed.flags.limit, 5);
 * ```
 *
 * @param args The arguments, such as `Deno.args`: first the command.
 * @param options The time.
 * @returns The command to run, a request for help, or what is wrong.
 */
export function parseCommandLine(args: readonly string[], options: ParseOptions = {}): CommandLine {
  const [word, ...others] = args;
  if (word === undefined || word === "--help" || word === "-h") return { kind: "help" };
  if (word === "--version" || word === "-V") return { kind: "version" };
  if (word === "help") return helpAbout(others);
  const { name, rest } = commandIn(args);
  if (!isCommandName(name)) return { kind: "error", message: noSuchCommand(name) };
  const split = splitArgs(rest, COMMANDS[name]);
  if (split.help) return { kind: "help", command: name };
  const { nowMs = Date.now() } = options;
  return readCommand(name, { split, nowMs });
}

function helpAbout(args: readonly string[]): CommandLine {
  if (args.length === 0) return { kind: "help" };
  const { name } = commandIn(args);
  if (isCommandName(name)) return { kind: "help", command: name };
  return { kind: "error", message: noSuchCommand(name) };
}

/** The name that a command line starts with, of one or two words, and what follows it. */
function commandIn(args: readonly string[]): { name: string; rest: readonly string[] } {
  const [first = "", second = "", ...rest] = args;
  const both = `${first} ${second}`;
  if (isCommandName(both)) return { name: both, rest };
  return { name: first, rest: args.slice(1) };
}

function noSuchCommand(word: string): string {
  const longer = COMMAND_NAMES.filter((name) => name.startsWith(`${word} `));
  if (longer.length > 0) return `Cannot run "${word}": expected ${longer.join(" or ")}`;
  if (word.startsWith("-")) {
    return `Cannot run "${word}": expected a command first, such as ps ${word}`;
  }
  return `Cannot run "${word}": there is no such command, ${suggestionText(word, COMMAND_NAMES)}`;
}

/** A command line in its parts, every value still a text. */
interface SplitArgs {
  readonly help: boolean;
  readonly positional: readonly string[];
  /** What each flag was given, in order; a boolean flag is `["true"]`. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly unknown: ReadonlySet<string>;
}

function splitArgs(args: readonly string[], spec: CommandSpec): SplitArgs {
  const names = Object.keys(spec.flags);
  const isBoolean = (name: string) => spec.flags[name]?.type === "boolean";
  const valued = names.filter((name) => !isBoolean(name));
  const unknown = new Set<string>();
  const result = parseArgs(args, {
    boolean: ["help", ...names.filter(isBoolean)],
    string: ["_", ...valued],
    collect: valued,
    alias: { help: "h", ...(names.includes("follow") ? { follow: "f" } : {}) },
    unknown(argument, key) {
      if (key === undefined) return true;
      unknown.add(argument.replace(/=.*$/s, ""));
      return false;
    },
  });
  const flags = new Map<string, readonly string[]>();
  for (const name of names) {
    const given = result[name];
    if (Array.isArray(given) && given.length > 0) flags.set(name, given.map(String));
    else if (given === true) flags.set(name, ["true"]);
  }
  return { help: result["help"] === true, positional: result._.map(String), flags, unknown };
}

/** The values of a command line and the mistakes in it, as they are collected. */
interface Reading {
  readonly values: Record<string, Value | undefined>;
  readonly mistakes: string[];
}

function readCommand(
  command: CommandName,
  { split, nowMs }: { split: SplitArgs; nowMs: number },
): Parsed | UsageError {
  const spec: CommandSpec = COMMANDS[command];
  const args = readArguments(spec, { positional: split.positional, nowMs });
  const flags = readFlags(spec, { given: split.flags, nowMs });
  const known = Object.keys(spec.flags).map((name) => `--${name}`);
  const unknown = [...split.unknown].map((flag) =>
    `Cannot use "${flag}": there is no such flag, ${suggestionText(`--${bare(flag)}`, known)}`
  );
  const mistakes = [...unknown, ...flags.mistakes, ...args.mistakes];
  if (mistakes.length > 0) return { kind: "error", message: mistakes.join("\n"), command };
  const parsed = {
    kind: "command",
    command,
    arguments: args.values,
    flags: flags.values,
  } as const;
  if (!isParsed(parsed)) throw new Error(`Cannot run "${command}": its values have wrong types`);
  return parsed;
}

function bare(flag: string): string {
  return flag.replace(/^-+/, "");
}

function readArguments(
  spec: CommandSpec,
  { positional, nowMs }: { positional: readonly string[]; nowMs: number },
): Reading {
  const reading: Reading = { values: {}, mistakes: [] };
  const wanted = Object.entries(spec.arguments);
  for (const [index, [name, { label, type, optional, doc }]] of wanted.entries()) {
    const text = positional[index];
    reading.values[name] = undefined;
    if (text !== undefined && text !== "") read(reading, { name, label, type, text, nowMs });
    else if (optional === undefined) {
      reading.mistakes.push(`Cannot leave out ${label}: ${doc}`);
    }
  }
  const labels = wanted.map(([, { label }]) => label).join(" and ") || "no argument";
  for (const excess of positional.slice(wanted.length)) {
    reading.mistakes.push(`Cannot use "${excess}": the command takes ${labels}, nothing more`);
  }
  return reading;
}

function readFlags(
  spec: CommandSpec,
  { given, nowMs }: { given: ReadonlyMap<string, readonly string[]>; nowMs: number },
): Reading {
  const reading: Reading = { values: {}, mistakes: [] };
  for (const [name, flag] of Object.entries(spec.flags)) {
    const label = `--${name}`;
    const texts = given.get(name) ?? [];
    const { type } = flag;
    if (type === "boolean") reading.values[name] = texts.length > 0;
    else if (isList(type)) reading.values[name] = [];
    else if (typeof flag.default === "string") {
      reading.values[name] = readValue(flag.default, { type, nowMs });
    } else reading.values[name] = flag.default;
    if (texts.length > 1 && !isList(type)) {
      reading.mistakes.push(`Cannot use ${label} ${texts.length} times: it has one value`);
    } else if (texts.includes("")) {
      const hint = `write ${label}=VALUE for one that starts with a dash`;
      reading.mistakes.push(`Cannot use ${label} without a value: ${hint}`);
    } else {
      for (const text of texts) read(reading, { name, label, type, text, nowMs });
    }
  }
  return reading;
}

const LIST_TYPES: readonly ValueType[] = ["headers", "hosts", "labels", "networks"];

/** Whether a flag of this type may be given several times. */
function isList(type: ValueType): boolean {
  return LIST_TYPES.includes(type);
}

function read(
  reading: Reading,
  one: { name: string; label: string; type: ValueType; text: string; nowMs: number },
): void {
  try {
    const value = readValue(one.text, one);
    const before = reading.values[one.name];
    const isMore = Array.isArray(before) && Array.isArray(value);
    reading.values[one.name] = isMore ? [...before, ...value] : value;
  } catch (error) {
    const reason = reasonOf(error);
    reading.mistakes.push(`Cannot use ${one.label} "${one.text}": ${reason}`);
  }
}

/** A command line whose values are known to the table, but not yet to the compiler. */
interface UntypedParsed {
  readonly kind: "command";
  readonly command: CommandName;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly flags: Readonly<Record<string, unknown>>;
}

/** Whether every value has the type that the table gives it. */
function isParsed(parsed: UntypedParsed): parsed is Parsed {
  const spec: CommandSpec = COMMANDS[parsed.command];
  const isArgument = ([name, { type, optional }]: [string, CommandSpec["arguments"][string]]) =>
    isOfType(parsed.arguments[name], type) ||
    (optional === true && parsed.arguments[name] === undefined);
  const isFlag = ([name, flag]: [string, CommandSpec["flags"][string]]) =>
    isOfType(parsed.flags[name], flag.type) ||
    (flag.default === undefined && parsed.flags[name] === undefined);
  return Object.entries(spec.arguments).every(isArgument) &&
    Object.entries(spec.flags).every(isFlag);
}

function isOfType(value: unknown, type: ValueType): boolean {
  switch (type) {
    case "boolean":
      return typeof value === "boolean";
    case "port":
    case "count":
    case "id":
    case "moment":
    case "duration":
      return typeof value === "number";
    case "headers":
    case "hosts":
    case "labels":
    case "networks":
      return Array.isArray(value);
    case "address":
    case "peer":
    case "manager":
      return typeof value === "object" && value !== null;
    default:
      return typeof value === "string";
  }
}
