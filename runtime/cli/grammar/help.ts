/**
 * Help texts, made from the table of commands.
 *
 * @module
 */

import { typedCommand } from "../../binary/typed_command.ts";
import type { CommandSpec, FlagSpec } from "./command_spec.ts";
import { COMMAND_NAMES, type CommandName, COMMANDS } from "./commands.ts";

/**
 * Writes how a command is typed.
 *
 * @param command The name of the command.
 * @returns One line, such as `deno task smmp stop ID [flags]`.
 */
export function usageOf(command: CommandName): string {
  const spec: CommandSpec = COMMANDS[command];
  return typedCommand([spec.invocation, ...labelsOf(spec), "[flags]"].join(" "));
}

function labelsOf(spec: CommandSpec): string[] {
  const args = Object.values(spec.arguments);
  return args.map(({ label, optional }) => optional ? `[${label}]` : label);
}

/**
 * Writes the help of one command, or the list of all of them.
 *
 * @param command The name of the command; absent for the list.
 * @returns The lines, each with its end.
 */
export function helpText(command?: CommandName): string {
  return typedCommand(command === undefined ? overview() : helpOfCommand(command));
}

function overview(): string {
  const lines = COMMAND_NAMES.map((name): [string, string] => {
    const spec: CommandSpec = COMMANDS[name];
    return [[name, ...labelsOf(spec)].join(" "), spec.summary];
  });
  return [
    "A service mesh that needs one command.",
    "",
    "Usage: deno task smmp COMMAND [arguments] [flags]",
    "",
    "Commands:",
    ...twoColumns(lines),
    "",
    "Help for a command: deno task smmp COMMAND --help",
    "Which version this is: deno task smmp --version",
    "",
  ].join("\n");
}

function helpOfCommand(command: CommandName): string {
  const { summary, arguments: args, flags }: CommandSpec = COMMANDS[command];
  const argumentLines = Object.values(args).map(({ label, doc }): [string, string] => [label, doc]);
  const flagLines = Object.entries(flags).map(([name, flag]) => flagLine(name, flag));
  flagLines.push(["-h, --help", "Print this help."]);
  return [
    summary,
    "",
    `Usage: ${usageOf(command)}`,
    "",
    ...(argumentLines.length > 0 ? ["Arguments:", ...twoColumns(argumentLines), ""] : []),
    "Flags:",
    ...twoColumns(flagLines),
    "",
  ].join("\n");
}

function flagLine(name: string, flag: FlagSpec): [string, string] {
  const short = name === "follow" ? "-f, " : "";
  const left = flag.label === undefined ? `${short}--${name}` : `--${name} ${flag.label}`;
  return [left, flag.default === undefined ? flag.doc : `${flag.doc} Default: ${flag.default}.`];
}

function twoColumns(lines: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
