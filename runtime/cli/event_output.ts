/**
 * What a program that runs for long prints: for a person a line for each thing that happens, for a
 * program JSON lines.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";
import type { OutputLine } from "../agent/agent_host.ts";
import { createFactMemory, describeFact, isDetail } from "../history/describe_fact.ts";
import { formatTime } from "../history/history_line.ts";
import { clockMs } from "../host.ts";
import type { CommandIO } from "./io.ts";
import { paint, printable } from "./table.ts";

/** One thing that happened. */
export interface Happening {
  /** What, for a program. */
  readonly kind: string;
  /** What, for a person. */
  readonly text: string;
  /** What a program is told beside the kind and the time. @default {{}} */
  readonly fields?: object;
}

/** Prints what happens. */
export interface EventOutput {
  /**
   * The program is ready: for a person the text is printed as it is, and facts that were recorded
   * before follow it.
   */
  ready(happening: Happening): void;
  /** Something happened. */
  event(happening: Happening): void;
  /** Facts were recorded. */
  facts(facts: readonly Fact[]): void;
  /** Instances wrote lines. */
  lines(lines: readonly OutputLine[]): void;
  /** Something is worth a look. */
  warn(text: string): void;
}

/**
 * The output of a program that runs for long. A full disk or a terminal that is gone ends what is
 * printed, not the program.
 */
export function createEventOutput(io: CommandIO, options: { json: boolean }): EventOutput {
  let isOpen = true;
  const stdout = (text: string) => {
    if (!isOpen) return;
    try {
      io.stdout(text);
    } catch {
      // Nobody can be told: this was the way to tell it. The history has everything.
      isOpen = false;
    }
  };
  const calm = { ...io, stdout };
  return options.json ? jsonOutput(calm) : readableOutput(calm);
}

function readableOutput(io: CommandIO): EventOutput {
  const memory = createFactMemory();
  let early: Fact[] | undefined = [];
  const put = (atMs: number, text: string) => {
    const time = paint(formatTime(atMs, { hasDate: false }), {
      style: "dim",
      hasColor: io.hasColor,
    });
    const [first = "", ...rest] = text.split("\n");
    io.stdout(
      [`${time}  ${first}`, ...rest.map((line) => `${" ".repeat(14)}${line}`), ""].join("\n"),
    );
  };
  const tell = (facts: readonly Fact[]) => {
    for (const fact of facts) {
      // Of a reason only the first line: what a service wrote before it ended was shown already.
      const [first = ""] = describeFact(fact, memory).split("\n");
      if (!isDetail(fact)) put(fact.atMs, printable(first));
    }
  };
  return {
    ready({ text }) {
      io.stdout(text);
      const facts = early ?? [];
      early = undefined;
      tell(facts);
    },
    event: ({ text }) => put(clockMs(), printableLines(text)),
    facts(facts) {
      if (early === undefined) tell(facts);
      else early.push(...facts);
    },
    lines(lines) {
      for (const { service, serviceID, text, atMs } of lines) {
        put(atMs, `${service}#${serviceID} | ${printable(text)}`);
      }
    },
    warn: (text) => put(clockMs(), `! ${printableLines(text)}`),
  };
}

function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function jsonOutput(io: CommandIO): EventOutput {
  const put = (value: unknown) => io.stdout(`${JSON.stringify(value)}\n`);
  const event = (kind: string, fields: object = {}) => put({ kind, atMs: clockMs(), ...fields });
  return {
    ready: ({ kind, fields }) => event(kind, fields),
    event: ({ kind, fields }) => event(kind, fields),
    facts: (facts) => facts.forEach(put),
    lines: (lines) => lines.forEach((line) => event("output", line)),
    warn: (reason) => event("warning", { reason }),
  };
}
