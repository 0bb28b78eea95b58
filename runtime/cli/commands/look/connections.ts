/**
 * `connections`: the live connections between instances.
 *
 * @module
 */

import type { ConnectionView, EndView } from "../../../admin/views/view.ts";
import { nameInstance } from "../../../history/describe_fact.ts";
import { readAnswer } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { ago, jsonDocument, LIST_MAX, tellRest, until } from "./listing.ts";
import { type Cell, renderTable } from "../../table.ts";

const COLUMNS = [
  { title: "ID", align: "right" },
  { title: "FROM" },
  { title: "PLUG", align: "right" },
  { title: "TO" },
  { title: "PLUG", align: "right" },
  { title: "STATE" },
  { title: "EXCHANGES", align: "right" },
  { title: "AGE", align: "right" },
  { title: "LAST USED", align: "right" },
  { title: "CLOSES IN", align: "right" },
] as const;

/**
 * Lists the connections of a mesh.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run({ flags }: Parsed<"connections">, io: CommandIO): Promise<number> {
  const list = await readAnswer(await findMesh(flags), "/v1/connections", {
    answer: "ConnectionList",
    query: { limit: LIST_MAX },
  });
  if (flags.json) io.stdout(jsonDocument(list));
  else {
    const nowMs = Date.now();
    const rows = list.items.map((connection) => rowOf(connection, nowMs));
    io.stdout(
      rows.length === 0 ? "No connection is open.\n" : renderTable({ columns: COLUMNS, rows }, io),
    );
    tellRest(list, io);
  }
  return 0;
}

function rowOf(connection: ConnectionView, nowMs: number): Cell[] {
  const { id, from, to, state, exchanges, since, lastUsed, closesAt } = connection;
  return [
    id,
    nameEnd(from),
    from.plug,
    nameEnd(to),
    to.plug,
    state === "open" ? { text: state, style: "green" } : { text: state, style: "yellow" },
    exchanges,
    ago(since, nowMs),
    ago(lastUsed, nowMs),
    until(closesAt, nowMs),
  ];
}

function nameEnd({ service, id }: EndView): string {
  return nameInstance(service, id);
}
