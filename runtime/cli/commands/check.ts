/**
 * `check`: tells what a mesh consists of, or everything that is wrong with it.
 *
 * @module
 */

import { relative } from "node:path";
import { ConfigError } from "../../config/config_error.ts";
import { formatDuration } from "../../config/schema/durations.ts";
import { loadMesh } from "../../config/load_mesh.ts";
import type { MeshConfig, Route, ServiceConfig } from "../../config/mesh_config.ts";
import type { Parsed } from "../grammar/commands.ts";
import type { CommandIO } from "../io.ts";
import { type Cell, paint, renderTable } from "../table.ts";

/**
 * Checks a mesh without starting it.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code: 0 for a mesh that can be used, else 1.
 */
export async function run(parsed: Parsed<"check">, io: CommandIO): Promise<number> {
  const { json } = parsed.flags;
  try {
    const mesh = await loadMesh(parsed.arguments.config);
    io.stdout(json ? jsonLine(meshDocument(mesh)) : describeMesh(mesh, io));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (json) io.stdout(jsonLine({ ok: false, problems: error.problems }));
    else io.stderr(`${error.message}\n`);
    return 1;
  }
}

function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function meshDocument(mesh: MeshConfig): unknown {
  return {
    ok: true,
    mesh: { ...mesh, services: Object.fromEntries(mesh.services) },
    edges: edgesOf(mesh),
    unreachable: unreachableOf(mesh),
  };
}

interface Edge {
  readonly source: string;
  /** A service, or `"*"` for all of them. */
  readonly dest: string;
}

function edgesOf(mesh: MeshConfig): Edge[] {
  return [...mesh.services.values()].flatMap(({ name, plugs }) =>
    plugs === "*" ? [{ source: name, dest: "*" }] : plugs.map((dest) => ({ source: name, dest }))
  );
}

/** The services that no route leads to and no other service may reach: likely a slip. */
function unreachableOf(mesh: MeshConfig): string[] {
  const { routes, ports = [] } = mesh;
  const reached = new Set([...routes, ...ports].map(({ service }) => service));
  for (const { source, dest } of edgesOf(mesh)) {
    const dests = dest === "*" ? mesh.services.keys() : [dest];
    for (const each of dests) if (each !== source) reached.add(each);
  }
  return [...mesh.services.keys()].filter((name) => !reached.has(name));
}

function describeMesh(mesh: MeshConfig, io: CommandIO): string {
  const { services, routes, ports = [] } = mesh;
  const edges = edgesOf(mesh);
  const notes = unreachableOf(mesh).map((name) =>
    `note: nothing reaches ${name}: no route or port leads to it, and it is in no plugs\n`
  );
  const heading = (text: string) => `\n${paint(text, { style: "bold", hasColor: io.hasColor })}\n`;
  return [
    `The mesh "${mesh.name}" can be used: ${mesh.file ?? mesh.folder}\n`,
    heading(`Services (${services.size})`),
    servicesTable(mesh, io),
    heading(`Edges (${edges.length})`),
    ...edges.map(({ source, dest }) => `${source} -> ${dest === "*" ? "every service" : dest}\n`),
    heading(`Routes (${routes.length})`),
    ...routes.map(describeRoute),
    ...(ports.length === 0 ? [] : [heading(`Ports (${ports.length})`)]),
    ...ports.map(({ port, service }) => `${port} -> ${service}\n`),
    ...(notes.length > 0 ? ["\n", ...notes] : []),
  ].join("");
}

function servicesTable(mesh: MeshConfig, io: CommandIO): string {
  const columns = [
    { title: "SERVICE" },
    { title: "ENTRY" },
    { title: "CONNECTION IDLE" },
    { title: "SERVICE IDLE" },
    { title: "PERMISSIONS" },
  ];
  const rows = [...mesh.services.values()].map((service): Cell[] => [
    service.name,
    relative(mesh.folder, service.entry),
    formatDuration(service.idle.connectionMs),
    formatDuration(service.idle.serviceMs),
    describePermissions(service, mesh.folder),
  ]);
  return renderTable({ columns, rows }, io);
}

function describePermissions({ permissions }: ServiceConfig, folder: string): string {
  const parts = Object.entries(permissions).flatMap(([name, entries]) => {
    const texts = entries.map((entry: string) =>
      entry.startsWith(`${folder}/`) ? relative(folder, entry) : entry
    );
    return texts.length === 0 ? [] : [`${name} ${texts.join(",")}`];
  });
  return parts.length === 0 ? "-" : parts.join(" ");
}

function describeRoute({ host = "", path, service, keepPrefix }: Route): string {
  const from = path === "/" ? `${host}/*` : `${host}${path}/*`;
  return `${from} -> ${service}${keepPrefix && path !== "/" ? " (keeps the prefix)" : ""}\n`;
}
