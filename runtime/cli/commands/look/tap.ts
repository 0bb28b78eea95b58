/**
 * `tap`: the messages of the protocol, live.
 *
 * @module
 */

import { isRecord } from "../../../../protocol/fields.ts";
import { isMessageType, MESSAGES } from "../../../../protocol/messages.ts";
import { suggestWord } from "../../../config/suggestion.ts";
import { formatTime } from "../../../history/history_line.ts";
import { findMesh, requireToken } from "../../access/find_mesh.ts";
import { followLines } from "../../access/followed_lines.ts";
import type { Parsed } from "../../grammar/commands.ts";
import { CommandError, type CommandIO, whileRead } from "../../io.ts";
import { paint, printable } from "../../table.ts";
import { countOf } from "./listing.ts";

/** So wide are most pairs of a sender and a receiver. */
const WAY_WIDTH = 22;
/** A terminal of fewer columns has no room for a column of kinds. */
const COLUMNS_MIN = 132;
/** So wide are the names of kinds. */
const KIND_WIDTH = Math.max(...Object.keys(MESSAGES).map((kind) => kind.length));
/** Longest value that is told of a list or a record, in characters. */
const VALUE_MAX = 60;

/**
 * Prints messages as they come to the manager and leave it, until it is interrupted or nobody reads
 * what it prints.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run({ flags }: Parsed<"tap">, io: CommandIO): Promise<number> {
  const { service, kind, id: instance, json } = flags;
  if (kind !== undefined && !isMessageType(kind)) throw unknownKind(kind);
  const asked = { path: "/v1/tap", query: { service, kind, instance } };
  const lines = followLines({
    find: async () => {
      const mesh = await findMesh(flags);
      requireToken(mesh);
      return mesh;
    },
    ask: () => asked,
    what: "the messages",
    then: "those that come when it is back are shown",
  }, io);
  for await (const line of whileRead(lines, io)) {
    io.stdout(`${json ? line : describeEntry(JSON.parse(line), io)}\n`);
  }
  return 0;
}

function unknownKind(kind: string): CommandError {
  const meant = suggestWord(kind, Object.keys(MESSAGES));
  const hint = meant === undefined ? "docs/PROTOCOL.md has all" : `did you mean "${meant}"?`;
  return new CommandError(`Cannot tap "${kind}": there is no such kind of message, ${hint}`);
}

/**
 * A line of a tap for a person. On a terminal it is one line.
 *
 * @param entry What the admin API told.
 * @param io How wide a line may be, and whether there is colour.
 */
export function describeEntry(
  entry: unknown,
  { columns, hasColor }: Pick<CommandIO, "columns" | "hasColor">,
): string {
  if (!isRecord(entry)) return "";
  if (entry.kind === "dropped") {
    const count = countOf(Number(entry.count), "message");
    return paint(`… ${count} dropped: they came faster than they were read`, {
      style: "yellow",
      hasColor,
    });
  }
  const { at, agent, from, to } = entry;
  const message = isRecord(entry.message) ? entry.message : {};
  const time = formatTime(Date.parse(String(at)), { hasDate: false });
  const isLeaving = from === "manager";
  const way = `${placeOf(from, agent)} → ${placeOf(to, agent)}`.padEnd(WAY_WIDTH);
  const isNarrow = columns < COLUMNS_MIN;
  const kind = String(message.type).padEnd(isNarrow ? 0 : KIND_WIDTH);
  const shown = printable(describeFields(message, isLeaving ? to : from));
  const width = columns - time.length - way.length - kind.length - 6;
  const fields = shown.length > width ? `${shown.slice(0, Math.max(0, width - 1))}…` : shown;
  const hasFailed = typeof message.status === "number" && message.status >= 400;
  return [
    paint(time, { style: "dim", hasColor }),
    paint(printable(way), { style: isLeaving ? "yellow" : "green", hasColor }),
    paint(printable(kind), { style: hasFailed ? "red" : "bold", hasColor }),
    fields,
  ].join("  ").trimEnd();
}

/** Who is meant; the agent of a mesh of one host goes without saying. */
function placeOf(name: unknown, agent: unknown): string {
  const isAgent = name === agent || name === "manager" || agent === "local";
  return isAgent ? String(name) : `${name}@${agent}`;
}

/** What matters comes first; what the line says already is left out. */
function describeFields(message: Readonly<Record<string, unknown>>, other: unknown): string {
  const { type: _, messageID, status, agentNetwork: _network, agentPort: _port, ...rest } = message;
  const isSaid = String(other).endsWith(`#${rest.serviceID}`);
  const fields = { status, ...rest, ...(isSaid ? { serviceID: undefined } : {}), messageID };
  return Object.entries(fields).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${describeValue(value)}`).join(" ");
}

function describeValue(value: unknown): string {
  if (typeof value === "string" && /^[^\s"]+$/.test(value)) return value;
  const text = JSON.stringify(value) ?? "";
  if (typeof value === "string" || text.length <= VALUE_MAX) return text;
  if (!Array.isArray(value)) return `${text.slice(0, VALUE_MAX)}…`;
  const left = /^(\d+) more$/.exec(String(value.at(-1)))?.[1];
  return `[${left === undefined ? value.length : value.length - 1 + Number(left)} entries]`;
}
