/**
 * `graph`: which service may reach which, and which does.
 *
 * @module
 */

import type { ServiceView } from "../../../admin/views/view.ts";
import { readAnswer } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { countOf, jsonDocument, LIST_MAX, tellRest } from "./listing.ts";
import { paint } from "../../table.ts";

/** An edge of the graph, from one service to another. */
interface Edge {
  /** The service that may dial. */
  readonly from: string;
  /** The service that it may reach. */
  readonly to: string;
  /** How many connections there are. */
  readonly connections: number;
}

/**
 * Draws the services of a mesh and their edges.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run({ flags }: Parsed<"graph">, io: CommandIO): Promise<number> {
  const list = await readAnswer(await findMesh(flags), "/v1/services", {
    answer: "ServiceList",
    query: { limit: LIST_MAX },
  });
  const services = sortServices(list.items);
  if (flags.json) io.stdout(jsonDocument(documentOf(services)));
  else {
    io.stdout(services.length === 0 ? "There is no service.\n" : drawGraph(services, io));
    tellRest(list, io);
  }
  return 0;
}

/** What runs from the start comes first: requests enter there. */
function sortServices(services: readonly ServiceView[]): ServiceView[] {
  return [...services].sort((one, other) =>
    Number(isStartable(one)) - Number(isStartable(other)) ||
    (one.service < other.service ? -1 : 1)
  );
}

function isStartable({ agents }: ServiceView): boolean {
  return agents.length > 0;
}

function documentOf(services: readonly ServiceView[]): unknown {
  return {
    services: services.map(({ service, instances }) => ({ service, instances })),
    edges: services.flatMap((service) => edgesOf(service, services)),
  };
}

/** The edges out of a service, `"*"` resolved; connections of no edge any more count as edges. */
function edgesOf(source: ServiceView, services: readonly ServiceView[]): Edge[] {
  const { service: from, plugs, connected } = source;
  const every = services.filter((other) => isStartable(other) && other !== source);
  const allowed = plugs === "*" ? every.map(({ service }) => service) : plugs;
  const counts = new Map(connected.map(({ service, connections }) => [service, connections]));
  return [...new Set([...counts.keys(), ...allowed])].map((to) => ({
    from,
    to,
    connections: counts.get(to) ?? 0,
  }));
}

function drawGraph(services: readonly ServiceView[], io: CommandIO): string {
  const names = services.map(({ service }) => service);
  const width = Math.max(...names.map((name) => name.length));
  const blocks = services.map((source) => {
    const title = paint(source.service, { style: "bold", hasColor: io.hasColor });
    const padding = " ".repeat(width - source.service.length);
    const lines = edgesToDraw(source, services).map(([arrow, to, note]) =>
      note === "" ? `  ${arrow} ${to}` : `  ${arrow} ${to.padEnd(width)}  ${note}`
    );
    return [`${title}${padding}     ${describeInstances(source)}`, ...lines].join("\n");
  });
  return `${blocks.join("\n\n")}\n\n──▶ connected   ┄┄▶ may connect\n`;
}

/** Drawn edges: a service that may reach every other one has a line for those that it does. */
function edgesToDraw(
  source: ServiceView,
  services: readonly ServiceView[],
): [arrow: string, to: string, note: string][] {
  const edges = edgesOf(source, services);
  const live = edges.filter(({ connections }) => connections > 0);
  const unused = edges.filter(({ connections }) => connections === 0);
  const drawn = live.map(({ to, connections }): [string, string, string] => [
    "──▶",
    to,
    countOf(connections, "connection"),
  ]);
  if (source.plugs === "*") {
    const rest = live.length === 0 ? "every service" : "every other service";
    return unused.length === 0 ? drawn : [...drawn, ["┄┄▶", rest, ""]];
  }
  const known = new Set(services.map(({ service }) => service));
  const note = (to: string) => known.has(to) ? "" : "no agent can start it";
  return [...drawn, ...unused.map(({ to }): [string, string, string] => ["┄┄▶", to, note(to)])];
}

function describeInstances({ instances }: ServiceView): string {
  const parts = Object.entries(instances)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  return parts.length === 0 ? "not running" : parts.join(", ");
}
