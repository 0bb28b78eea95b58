/**
 * What `mesh` prints beside what happens: that it is ready, and how it ends.
 *
 * @module
 */

import type { MeshConfig } from "../../config/mesh_config.ts";
import type { LocalAddresses } from "../../local/local_mesh.ts";
import { createEventOutput, type EventOutput } from "../event_output.ts";
import type { CommandIO } from "../io.ts";

/** What there is to know once a mesh runs. */
export interface MeshReady extends LocalAddresses {
  /** The data folder, or `none`. */
  readonly data: string;
  /** The secret of the operator. */
  readonly token: string;
}

/** Prints what happens in a mesh. */
export interface MeshOutput extends Pick<EventOutput, "event" | "facts" | "lines" | "warn"> {
  /** The mesh runs. */
  ready(config: MeshConfig, ready: MeshReady): void;
  /** A soft end was asked for. */
  stopping(): void;
  /** Everything has ended. */
  stopped(): void;
}

/** The output of a mesh: readable lines, or JSON lines. */
export function createMeshOutput(io: CommandIO, options: { json: boolean }): MeshOutput {
  const output = createEventOutput(io, options);
  return {
    ...output,
    ready(config, ready) {
      const { gatewayUrl, adminUrl, data } = ready;
      const services = [...config.services.keys()];
      const fields = { name: config.name, services, gatewayUrl, adminUrl, data };
      output.ready({ kind: "meshReady", text: readyText(config, ready), fields });
    },
    stopping() {
      const text = "stopping: no new requests; Ctrl-C again ends it at once";
      output.event({ kind: "meshStopping", text });
    },
    stopped: () => output.event({ kind: "meshStopped", text: "everything has ended" }),
  };
}

function readyText(config: MeshConfig, ready: MeshReady): string {
  const { gatewayUrl, adminUrl, data, token } = ready;
  const routes = new Map<string, string[]>();
  for (const { service, host = "", path } of config.routes) {
    routes.set(service, [...(routes.get(service) ?? []), `${host}${path}`]);
  }
  const lines = [`Mesh "${config.name}" is ready.`, ""];
  for (const { name, plugs } of config.services.values()) {
    const ways = routes.get(name)?.map((way) => wayIn(gatewayUrl, way)).join(", ") ??
      portsOf(config, { name, gatewayUrl });
    const out = plugs === "*" ? "every service" : plugs.join(", ");
    const edges = out === "" ? "" : `, may call ${out}`;
    lines.push(`  ${name.padEnd(16)} ${ways ?? "not reachable from outside"}${edges}`);
  }
  lines.push("", `  gateway          ${gatewayUrl}`, `  admin API        ${adminUrl}`);
  if (data === "none") lines.push(`  token            ${token}`);
  return [...lines, "", "Ctrl-C stops it. What happens:", ""].join("\n");
}

/** The addresses at which a service is reached over TCP, if there are any. */
function portsOf(
  { ports = [] }: MeshConfig,
  { name, gatewayUrl }: { readonly name: string; readonly gatewayUrl: string },
): string | undefined {
  const { hostname } = new URL(gatewayUrl);
  const own = ports.filter(({ service }) => service === name);
  return own.length === 0 ? undefined : own.map(({ port }) => `${hostname}:${port}`).join(", ");
}

/** The address of a route: with its own host, where it has one. */
function wayIn(gatewayUrl: string, way: string): string {
  if (way.startsWith("/")) return `${gatewayUrl}${way}`;
  return `http://${way.replace("/", `:${new URL(gatewayUrl).port}/`)}`;
}
