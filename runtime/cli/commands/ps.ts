/**
 * `ps`: the running instances.
 *
 * @module
 */

import type { InstanceView } from "../../admin/view.ts";
import { readAnswer } from "../access/admin_client.ts";
import { findMesh } from "../access/find_mesh.ts";
import type { Parsed } from "../grammar/commands.ts";
import type { CommandIO } from "../io.ts";
import { ago, jsonDocument, LIST_MAX, tellRest, until } from "./listing.ts";
import { type Cell, renderTable } from "../table.ts";

const COLUMNS = [
  { title: "ID", align: "right" },
  { title: "SERVICE" },
  { title: "STATE" },
  { title: "AGENT" },
  { title: "PLUG", align: "right" },
  { title: "IN", align: "right" },
  { title: "OUT", align: "right" },
  { title: "AGE", align: "right" },
  { title: "LAST USED", align: "right" },
  { title: "CLOSES IN", align: "right" },
] as const;

/**
 * Lists the instances of a mesh.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run({ flags }: Parsed<"ps">, io: CommandIO): Promise<number> {
  const query = { limit: LIST_MAX };
  const list = await readAnswer(await findMesh(flags), "/v1/instances", {
    answer: "InstanceList",
    query,
  });
  if (flags.json) io.stdout(jsonDocument(list));
  else {
    const nowMs = Date.now();
    const rows = list.items.map((instance) => rowOf(instance, nowMs));
    io.stdout(
      rows.length === 0 ? "No instance runs.\n" : renderTable({ columns: COLUMNS, rows }, io),
    );
    tellRest(list, io);
  }
  return 0;
}

function rowOf(instance: InstanceView, nowMs: number): Cell[] {
  const { id, service, agent, plug, since, lastUsed, closesAt, connections } = instance;
  // Long lists of plugs are cut, so the longer direction is what is left of the sum.
  const isInLonger = instance.in.length > instance.out.length;
  const shorter = isInLonger ? instance.out.length : instance.in.length;
  return [
    id,
    service,
    stateCell(instance),
    agent,
    plug ?? "-",
    isInLonger ? connections - shorter : instance.in.length,
    isInLonger ? instance.out.length : connections - shorter,
    ago(since, nowMs),
    ago(lastUsed, nowMs),
    until(closesAt, nowMs),
  ];
}

function stateCell({ state, phase, leaving }: InstanceView): Cell {
  if (leaving !== null && phase === null) return { text: `${state} (leaving)`, style: "yellow" };
  if (state === "running") return { text: state, style: "green" };
  return { text: phase === null ? state : `${state} (${phase})`, style: "yellow" };
}
