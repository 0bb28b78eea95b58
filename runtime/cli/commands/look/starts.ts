/**
 * `starts`: how long instances needed to start, and for what.
 *
 * @module
 */

import type { StartView } from "../../../admin/views/view.ts";
import { formatTime } from "../../../history/history_line.ts";
import { readAnswer } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { type Cell, renderTable } from "../../table.ts";
import { jsonDocument, requireService } from "./listing.ts";

const COLUMNS = [
  { title: "ID", align: "right" },
  { title: "SERVICE" },
  { title: "AGENT", rank: 2 },
  { title: "AT", rank: 1 },
  { title: "TOTAL", align: "right" },
  { title: "WAITED", align: "right" },
  { title: "PLACED", align: "right" },
  { title: "SPAWNED", align: "right" },
  { title: "LOADED", align: "right" },
  { title: "CONNECTED", align: "right" },
  { title: "ANSWERED", align: "right" },
] as const;

/** The parts of a start in their order, as the columns name them. */
const PARTS = ["waitMs", "placeMs", "spawnMs", "loadMs", "connectMs", "firstMs"] as const;

/** What is told of all starts together. */
const SHARES = [["median", 0.5], ["p95", 0.95]] as const;

/**
 * Lists the newest starts, the newest last, and what is usual.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run(parsed: Parsed<"starts">, io: CommandIO): Promise<number> {
  const { flags, arguments: { service } } = parsed;
  const mesh = await findMesh(flags);
  const query = { service, limit: flags.limit };
  const list = await readAnswer(mesh, "/v1/starts", { answer: "StartList", query });
  if (list.total === 0 && service !== undefined) {
    await requireService(mesh, { service, cannot: "Cannot tell the starts of" });
  }
  if (flags.json) {
    io.stdout(jsonDocument(list));
    return 0;
  }
  if (list.total === 0) {
    io.stdout("Nothing was started, as far as the history goes.\n");
    return 0;
  }
  const rows = list.items.map(rowOf);
  const sums = list.total === 1
    ? []
    : SHARES.map(([name, share]) => sumOf(list.items, name, share));
  io.stdout(renderTable({ columns: COLUMNS, rows: [...rows, ...sums] }, io));
  return 0;
}

function rowOf(start: StartView): Cell[] {
  const time = formatTime(Date.parse(start.at), { hasDate: false });
  const parts = PARTS.map((part) => timeCell(start[part]));
  return [start.id, start.service, start.agent ?? "-", time, timeCell(totalOf(start)), ...parts];
}

/** From the first request that waited to the first answer, as far as there was any. */
function totalOf({ startMs, waitMs, connectMs, firstMs }: StartView): number | null {
  return startMs === null ? null : startMs + (waitMs ?? 0) + (connectMs ?? 0) + (firstMs ?? 0);
}

function sumOf(starts: readonly StartView[], name: string, share: number): Cell[] {
  const columns = [totalOf, ...PARTS.map((part) => (start: StartView) => start[part])];
  const cells = columns.map((valueOf) => {
    const known = starts.map(valueOf).filter((value) => value !== null);
    return { text: timeCell(percentileOf(known, share)), style: "bold" } as const;
  });
  return ["", { text: name, style: "bold" }, "", "", ...cells];
}

/** The least value that a share of all is not above; null of none. */
function percentileOf(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function timeCell(milliseconds: number | null): string {
  return milliseconds === null ? "-" : `${Math.round(milliseconds)} ms`;
}
