/**
 * `logs`: what the instances of a service wrote.
 *
 * @module
 */

import { isRecord } from "../../../protocol/fields.ts";
import { formatTime } from "../../history/history_line.ts";
import { readLines } from "../access/admin_client.ts";
import { findMesh, requireToken } from "../access/find_mesh.ts";
import type { Parsed } from "../grammar/commands.ts";
import { type CommandIO, whileRead } from "../io.ts";
import { LIST_MAX } from "./listing.ts";
import { paint, printable } from "../table.ts";

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
  const query = {
    ...(id === undefined ? { service: of } : { instance: id }),
    limit: Math.min(flags.lines, LIST_MAX),
    follow: flags.follow,
    stream: flags.stderr ? "stderr" : undefined,
    since: flags.since === undefined ? undefined : Math.max(0, flags.since),
  };
  let count = 0;
  for await (const line of whileRead(readLines(mesh, { path: "/v1/logs", query }), io)) {
    count += 1;
    if (flags.json) io.stdout(`${line}\n`);
    else print(JSON.parse(line), io);
  }
  if (count === 0 && !flags.json) {
    io.stdout(`Nothing was written by ${of}, as far as it is kept.\n`);
  }
  return 0;
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
