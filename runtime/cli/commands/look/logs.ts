/**
 * `logs`: what the instances of a service wrote.
 *
 * @module
 */

import { isRecord } from "../../../../protocol/fields.ts";
import { formatTime } from "../../../history/history_line.ts";
import { type AdminQuery, readAnswer, readLines } from "../../access/admin_client.ts";
import { findMesh, type MeshAccess, requireToken } from "../../access/find_mesh.ts";
import { followLines } from "../../access/followed_lines.ts";
import type { Parsed } from "../../grammar/commands.ts";
import { CommandError, type CommandIO, whileRead } from "../../io.ts";
import { LIST_MAX, requireService } from "./listing.ts";
import { LogPlaces, type PlacedLine } from "./log_places.ts";
import { paint, printable } from "../../table.ts";

const PATH = "/v1/logs";

/**
 * Prints what instances wrote, the newest last.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run(parsed: Parsed<"logs">, io: CommandIO): Promise<number> {
  const { flags, arguments: { of } } = parsed;
  const mesh = await findMesh(flags);
  requireToken(mesh);
  const id = /^(?:.*#)?(\d+)$/.exec(of)?.[1];
  const asked = id === undefined ? { service: of } : { instance: id };
  const query = {
    ...asked,
    limit: Math.min(flags.lines, LIST_MAX),
    follow: flags.follow,
    stream: flags.stderr ? "stderr" : undefined,
    since: flags.since === undefined ? undefined : Math.max(0, flags.since),
  };
  const show = (line: string, entry: unknown) => {
    if (flags.json) io.stdout(`${line}\n`);
    else print(entry, io);
  };
  if (flags.follow) {
    await requireKept(mesh, { of, ...asked });
    await follow(parsed, { query, show }, io);
    return 0;
  }
  let count = 0;
  for await (const line of whileRead(readLines(mesh, { path: PATH, query }), io)) {
    count += 1;
    show(line, JSON.parse(line));
  }
  if (count > 0) return 0;
  await requireKept(mesh, { of, ...asked });
  if (!flags.json) io.stdout(`Nothing was written by ${of}, as far as it is kept.\n`);
  return 0;
}

/** Until it is interrupted, also beyond the end of the manager. */
async function follow(
  { flags, arguments: { of } }: Parsed<"logs">,
  { query, show }: {
    readonly query: AdminQuery;
    readonly show: (line: string, entry: unknown) => void;
  },
  io: CommandIO,
): Promise<void> {
  const places = new LogPlaces(Date.now());
  let isBegun = false;
  const lines = followLines({
    find: () => findMesh(flags),
    ask() {
      const again = isBegun ? { limit: LIST_MAX, since: places.resume() } : {};
      isBegun = true;
      return { path: PATH, query: { ...query, ...again } };
    },
    what: `the logs of "${of}"`,
    then: "what is written meanwhile is shown when it is back",
  }, io);
  for await (const line of whileRead(lines, io)) {
    const entry: unknown = JSON.parse(line);
    const place = placeOf(entry);
    if (place === undefined || places.take(place)) show(line, entry);
  }
}

function placeOf(entry: unknown): PlacedLine | undefined {
  if (!isRecord(entry) || entry.kind !== "line") return undefined;
  return { instance: Number(entry.instance), atMs: Date.parse(String(entry.at)) };
}

/** Whose lines are wanted. */
interface Asked {
  readonly service?: string;
  readonly instance?: string;
}

/** Nobody shall wait for the lines of what is not there; of what was there some may be kept. */
async function requireKept(
  mesh: MeshAccess,
  asked: Asked & { readonly of: string },
): Promise<void> {
  const { service, instance, of } = asked;
  if (await isThere(mesh, asked)) return;
  const query = { service, instance, limit: 1 };
  for await (const line of readLines(mesh, { path: PATH, query })) {
    const entry: unknown = JSON.parse(line);
    if (isRecord(entry) && entry.kind === "line") return;
  }
  const cannot = "Cannot show the logs of";
  if (service !== undefined) return await requireService(mesh, { service, cannot });
  throw new CommandError(`${cannot} "${of}": it does not run, and no line of it is kept`);
}

/** Whether an agent can start a service, or an instance runs. */
async function isThere(
  mesh: MeshAccess,
  { service, instance }: Asked,
): Promise<boolean> {
  if (service !== undefined) {
    const query = { service, limit: 1 };
    const { total } = await readAnswer(mesh, "/v1/services", { answer: "ServiceList", query });
    return total > 0;
  }
  const query = { limit: LIST_MAX };
  const { items } = await readAnswer(mesh, "/v1/instances", { answer: "InstanceList", query });
  return items.some(({ id }) => String(id) === instance);
}

function print(entry: unknown, io: CommandIO): void {
  if (!isRecord(entry)) return;
  const { hasColor } = io;
  if (entry.kind === "problem") return io.stderr(`${printable(String(entry.reason))}\n`);
  const name = `${entry.service}#${entry.instance}`;
  if (entry.kind === "lost") {
    return io.stdout(
      `${paint(`${name} … ${entry.count} lines lost`, { style: "yellow", hasColor })}\n`,
    );
  }
  const time = formatTime(Date.parse(String(entry.at)), { hasDate: false });
  const style = entry.stream === "stderr" ? "red" : "green";
  io.stdout(
    `${paint(time, { style: "dim", hasColor })}  ${paint(`${name} |`, { style, hasColor })} ` +
      `${printable(String(entry.text))}\n`,
  );
}
