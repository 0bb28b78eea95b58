/**
 * The command line of the mesh: `deno task smmp COMMAND`, or `smmp COMMAND` with the binary.
 *
 * @module
 */

import { typedCommand } from "../binary/typed_command.ts";
import { parseCommandLine } from "./grammar/command_line.ts";
import type { Parsed } from "./grammar/commands.ts";
import { helpText, usageOf } from "./grammar/help.ts";
import { CommandError, type CommandIO, terminalIO } from "./io.ts";
import { VERSION } from "./version.ts";

/** The exit code of a command line that makes no sense. */
export const USAGE_EXIT_CODE = 2;
/** The exit code of a bug, as sysexits has it for an internal software error. */
const BUG_EXIT_CODE = 70;

/**
 * Reads a command line and does what it says.
 *
 * @param args The arguments, first the command.
 * @param io What is printed to.
 * @returns The exit code: 0 when it was done, 1 when it failed, 2 when the line makes no sense.
 */
export async function runCommandLine(args: readonly string[], io: CommandIO): Promise<number> {
  const line = parseCommandLine(args);
  if (line.kind === "help") {
    io.stdout(helpText(line.command));
    return 0;
  }
  if (line.kind === "version") {
    io.stdout(`smmp ${VERSION} (Deno ${Deno.version.deno})\n`);
    return 0;
  }
  if (line.kind === "error") {
    const hint = line.command === undefined
      ? "Help: deno task smmp --help"
      : `Usage: ${usageOf(line.command)}\nHelp: deno task smmp ${line.command} --help`;
    io.stderr(`${line.message}\n${typedCommand(hint)}\n`);
    return USAGE_EXIT_CODE;
  }
  try {
    return await runCommand(line, io);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    io.stderr(`${typedCommand(error.message)}\n`);
    return 1;
  }
}

/** Loads only the command that runs: the others would cost their start-up time for nothing. */
async function runCommand(parsed: Parsed, io: CommandIO): Promise<number> {
  switch (parsed.command) {
    case "mesh":
      return await (await import("./commands/mesh.ts")).run(parsed, io);
    case "manager":
      return await (await import("./roles/manager.ts")).run(parsed, io);
    case "agent":
      return await (await import("./roles/agent.ts")).run(parsed, io);
    case "gateway":
      return await (await import("./roles/gateway.ts")).run(parsed, io);
    case "check":
      return await (await import("./commands/check.ts")).run(parsed, io);
    case "bundle":
      return await (await import("./commands/bundle.ts")).run(parsed, io);
    case "ps":
      return await (await import("./commands/look/ps.ts")).run(parsed, io);
    case "agents":
      return await (await import("./commands/look/agents.ts")).run(parsed, io);
    case "connections":
      return await (await import("./commands/look/connections.ts")).run(parsed, io);
    case "history":
      return await (await import("./commands/look/history.ts")).run(parsed, io);
    case "starts":
      return await (await import("./commands/look/starts.ts")).run(parsed, io);
    case "logs":
      return await (await import("./commands/look/logs.ts")).run(parsed, io);
    case "tap":
      return await (await import("./commands/look/tap.ts")).run(parsed, io);
    case "graph":
      return await (await import("./commands/look/graph.ts")).run(parsed, io);
    case "stop":
    case "kill":
      return await (await import("./commands/change/stop.ts")).run(parsed, io);
    case "drain":
      return await (await import("./commands/change/drain.ts")).run(parsed, io);
    case "restart":
      return await (await import("./commands/change/restart.ts")).run(parsed, io);
    case "reset":
      return await (await import("./commands/change/reset.ts")).run(parsed, io);
    case "close":
      return await (await import("./commands/change/close.ts")).run(parsed, io);
    case "ca init":
    case "ca issue":
    case "ca revoke":
    case "ca show":
      return await (await import("./commands/ca.ts")).run(parsed, io);
    case "call":
      return await (await import("./commands/call.ts")).run(parsed, io);
  }
}

/** Runs the command line of this process, and ends the process with its exit code. */
export async function main(): Promise<never> {
  try {
    Deno.exit(await runCommandLine(Deno.args, terminalIO()));
  } catch (error) {
    // A command that serves lets no promise end the process, and this is one.
    console.error(error);
    Deno.exit(BUG_EXIT_CODE);
  }
}
