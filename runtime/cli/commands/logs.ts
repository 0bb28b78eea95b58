/**
 * `logs`: what the instances of a service wrote.
 *
 * @module
 */

import { isRecord } from "../../../protocol/fields.ts";
import { formatTime } from "../../history/history_line.ts";
import { clientOf, detailOf, unreachable } from "../access/admin_client.ts";
import { findMesh, requireToken } from "../access/find_mesh.ts";
import type { Parsed } from "../grammar/commands.ts";
import { CommandError, type CommandIO } from "../io.ts";
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
  const url = new URL(`${mesh.url}/v1/logs`);
  const id = /^(?:.*#)?(\d+)$/.exec(of)?.[1];
  url.searchParams.set(id === undefined ? "service" : "instance", id ?? of);
  url.searchParams.set("limit", String(Math.min(flags.lines, 10_000)));
  url.searchParams.set("follow", String(flags.follow));
  if (flags.stderr) url.searchParams.set("stream", "stderr");
  if (flags.since !== undefined) url.searchParams.set("since", String(Math.max(0, flags.since)));
  const headers = { authorization: `Bearer ${requireToken(mesh)}` };
  using client = clientOf(mesh);
  const init: RequestInit & { client?: Deno.HttpClient } = { headers, redirect: "error" };
  if (client !== undefined) init.client = client;
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    throw unreachable(mesh.url, cause);
  }
  if (!response.ok || response.body === null) {
    const detail = detailOf(await response.json().catch(() => undefined));
    throw new CommandError(detail ?? `${url}: status ${response.status}`);
  }
  let count = 0;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") continue;
      count += 1;
      if (flags.json) io.stdout(`${line}\n`);
      else print(JSON.parse(line), io);
    }
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
