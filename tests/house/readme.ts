/**
 * Whether the commands of a README can be typed.
 *
 * @module
 */

import { suggestionText } from "../../runtime/config/suggestion.ts";
import { COMMANDS, isCommandName } from "../../runtime/cli/grammar/commands.ts";
import { COMMAND_NAMES } from "../../runtime/cli/grammar/commands.ts";

/** The ways to type the task runner, each up to the name of the task. */
const TASK_START = /^(?:\$ )?(?:npx -y deno(?:@[\d.]+)? |deno )task (.*)$/;

/** Lists the lines of the code blocks of a Markdown text. */
export function codeLines(markdown: string): string[] {
  const blocks = markdown.matchAll(/^( *)(```+|~~~+)[^\n]*\n(.*?)^\1\2 *$/gms);
  return [...blocks].flatMap(([, , , body = ""]) => body.split("\n").map((line) => line.trim()));
}

/**
 * Finds the commands in the code blocks of a README that are no tasks, no commands of the command
 * line, or have flags that do not exist; and the tasks that a README must show but does not.
 */
export function findReadmeProblems(markdown: string, tasks: readonly string[]): string[] {
  const problems: string[] = [];
  const shown = new Set<string>();
  for (const line of codeLines(markdown)) {
    const words = TASK_START.exec(line)?.[1]?.replace(/\s#.*$/, "").trim().split(/\s+/);
    const [task = "", ...rest] = words ?? [];
    if (words === undefined) continue;
    shown.add(task);
    if (!tasks.includes(task)) {
      problems.push(`"${line}": there is no task "${task}", ${suggestionText(task, tasks)}`);
    } else if (task === "smmp") problems.push(...flagProblems(line, rest));
    else if (isCommandName(task)) problems.push(...flagProblems(line, [task, ...rest]));
  }
  for (const task of ["mesh", "test"]) {
    if (!shown.has(task)) problems.push(`no code block shows "deno task ${task}"`);
  }
  return problems;
}

function flagProblems(line: string, [first = "", ...others]: readonly string[]): string[] {
  const both = `${first} ${others[0]}`;
  const [command, rest] = isCommandName(both) ? [both, others.slice(1)] : [first, others];
  if (command.startsWith("-")) return command === "--help" ? [] : [`"${line}": command missing`];
  if (!isCommandName(command)) {
    return [`"${line}": no command "${command}", ${suggestionText(command, COMMAND_NAMES)}`];
  }
  const known = ["--help", ...Object.keys(COMMANDS[command].flags).map((name) => `--${name}`)];
  const flags = rest.map((word) => /^\[?(--[\w-]+)/.exec(word)?.[1]).filter((flag) => flag);
  return flags.flatMap((flag = "") =>
    known.includes(flag) ? [] : [`"${line}": no flag "${flag}", ${suggestionText(flag, known)}`]
  );
}
