/**
 * `ps`: the running instances.
 *
 * @module
 */

import type { InstanceView } from "../../admin/view.ts";
import { readAnswer } from "../access/admin_client.ts";
import { findMesh } from "../access/find_mesh.ts";
import type { PsOrder } from "../grammar/command_spec.ts";
import type { Parsed } from "../grammar/commands.ts";
import type { CommandIO } from "../io.ts";
import { ago, jsonDocument, LIST_MAX, tellRest, until } from "./listing.ts";
import { type Cell, renderTable } from "../table.ts";

const COLUMNS = [
  { title: "ID", align: "right" },
  { title: "SERVICE" },
  { title: "STATE" },
  { title: "AGENT", rank: 4 },
  { title: "PLUG", align: "right", rank: 3 },
  { title: "IN", align: "right", rank: 5 },
  { title: "OUT", align: "right", rank: 6 },
  { title: "MEMORY", align: "right" },
  { title: "CPU", align: "right" },
  { title: "AGE", align: "right" },
  { title: "LAST USED", align: "right", rank: 1 },
  { title: "CLOSES IN", align: "right", rank: 2 },
] as const;

const MEGABYTE = 1_000_000;

/**
 * Lists the instances of a mesh.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run({ flags }: Parsed<"ps">, io: CommandIO): Promise<number> {
  const { service, sort } = flags;
  const query = { limit: LIST_MAX, service };
  const answer = await readAnswer(await findMesh(flags), "/v1/instances", {
    answer: "InstanceList",
    query,
  });
  const list = { ...answer, items: sorted(answer.items, sort) };
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

/** The most first; what is not known comes last. */
function sorted(items: readonly InstanceView[], sort: PsOrder | undefined): InstanceView[] {
  const valueOf = ({ memoryBytes, cpuPercent }: InstanceView) =>
    (sort === "memory" ? memoryBytes : cpuPercent) ?? -1;
  if (sort === undefined) return [...items];
  return items.toSorted((left, right) => valueOf(right) - valueOf(left));
}

/** The memory that is held, and that may be held if there is a bound. */
function memoryCell({ memoryBytes, memoryLimitBytes }: InstanceView): Cell {
  if (memoryBytes === null) return "-";
  const held = Math.round(memoryBytes / MEGABYTE);
  if (memoryLimitBytes === null) return `${held} MB`;
  const text = `${held}/${Math.round(memoryLimitBytes / MEGABYTE)} MB`;
  return memoryBytes > memoryLimitBytes ? { text, style: "red" } : text;
}

function rowOf(instance: InstanceView, nowMs: number): Cell[] {
  const { id, service, agent, plug, since, lastUsed, closesAt, connections, cpuPercent } = instance;
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
    memoryCell(instance),
    cpuPercent === null ? "-" : `${cpuPercent.toFixed(1)}%`,
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
