/**
 * `ps`: the running instances, and what does not run.
 *
 * @module
 */

import type { InstanceView, ServiceView } from "../../../admin/views/view.ts";
import { readAnswer } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { PsOrder } from "../../grammar/command_spec.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { ago, jsonDocument, LIST_MAX, requireService, tellRest, until } from "./listing.ts";
import { type Cell, renderTable } from "../../table.ts";

const COLUMNS = [
  { title: "ID", align: "right" },
  { title: "SERVICE" },
  { title: "STATE" },
  { title: "AGENT", rank: 5 },
  { title: "PLUG", align: "right", rank: 8 },
  { title: "IN", align: "right", rank: 6 },
  { title: "OUT", align: "right", rank: 7 },
  { title: "REQS", align: "right" },
  { title: "MEMORY", align: "right" },
  { title: "CPU", align: "right", rank: 4 },
  { title: "RESTARTS", align: "right", rank: 1 },
  { title: "AGE", align: "right", rank: 3 },
  { title: "USED", align: "right", rank: 2 },
  { title: "CLOSES" },
] as const;

const MEGABYTE = 1_000_000;

/**
 * Lists the instances of a mesh, and the services that are to run and can't, or could.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run({ flags }: Parsed<"ps">, io: CommandIO): Promise<number> {
  const { service, sort, all, json } = flags;
  const query = { limit: LIST_MAX, service };
  const mesh = await findMesh(flags);
  const [instances, services] = await Promise.all([
    readAnswer(mesh, "/v1/instances", { answer: "InstanceList", query }),
    readAnswer(mesh, "/v1/services", { answer: "ServiceList", query }),
  ]);
  if (service !== undefined && services.total === 0 && instances.total === 0) {
    await requireService(mesh, { service, cannot: "Cannot list" });
  }
  const list = { ...instances, items: sorted(instances.items, sort) };
  const others = services.items.filter((one) => !hasInstance(one) && (all || one.crash !== null));
  if (json) io.stdout(jsonDocument({ ...list, services: others }));
  else {
    const nowMs = Date.now();
    const rows = [
      ...list.items.map((instance) => rowOf(instance, nowMs)),
      ...others.map((one) => rowOfService(one, nowMs)),
    ];
    io.stdout(rows.length === 0 ? "Nothing runs.\n" : renderTable({ columns: COLUMNS, rows }, io));
    tellRest(list, io);
  }
  return 0;
}

function hasInstance({ instances: { starting, running, closing } }: ServiceView): boolean {
  return starting + running + closing > 0;
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
  const { inFlight, restarts, stays } = instance;
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
    inFlight,
    memoryCell(instance),
    cpuPercent === null ? "-" : `${cpuPercent.toFixed(1)}%`,
    restartsCell(restarts),
    ago(since, nowMs),
    `${ago(lastUsed, nowMs)} ago`,
    closesAt === null ? stays ?? "-" : `in ${until(closesAt, nowMs)}`,
  ];
}

/** A service that does not run: what keeps it from that stands where its end would. */
function rowOfService({ service, crash, restarts, lastCrash }: ServiceView, nowMs: number): Cell[] {
  const state: Cell = crash === null
    ? { text: "not running", style: "dim" }
    : { text: crash.isLooping ? "crash loop" : "crashed", style: "red" };
  const isPaused = crash !== null && Date.parse(crash.pausedUntil) > nowMs;
  const tried = isPaused ? `tried in ${until(crash.pausedUntil, nowMs)}` : "tried if asked";
  const used = lastCrash === null ? "-" : `${ago(lastCrash, nowMs)} ago`;
  const ending = crash === null ? "-" : tried;
  const none = Array<Cell>(4).fill("-");
  return ["-", service, state, ...none, 0, "-", "-", restartsCell(restarts), "-", used, ending];
}

function restartsCell(restarts: number): Cell {
  return restarts === 0 ? 0 : { text: String(restarts), style: "yellow" };
}

function stateCell({ state, phase, leaving }: InstanceView): Cell {
  if (leaving !== null && phase === null) return { text: `leaving (${leaving})`, style: "yellow" };
  if (state === "running") return { text: state, style: "green" };
  return { text: phase === null ? state : `${state} (${phase})`, style: "yellow" };
}
