/**
 * What `mesh` prints: for a person a line for each thing that happens, for a program JSON lines.
 *
 * @module
 */

import type { Fact } from "../../../roles/manager/memory/facts.ts";
import type { OutputLine } from "../../agent/agent_host.ts";
import type { MeshConfig } from "../../config/mesh_config.ts";
import { createFactMemory, describeFact, isDetail } from "../../history/describe_fact.ts";
import { formatTime } from "../../history/history_line.ts";
import { clockMs } from "../../host.ts";
import type { LocalAddresses } from "../../local/local_mesh.ts";
import type { CommandIO } from "../io.ts";
import { paint, printable } from "../table.ts";

/** What there is to know once a mesh runs. */
export interface MeshReady extends LocalAddresses {
  /** The data folder, or `none`. */
  readonly data: string;
  /** The secret of the operator. */
  readonly token: string;
}

/** Prints what happens in a mesh. */
export interface MeshOutput {
  /** The mesh runs. */
  ready(config: MeshConfig, ready: MeshReady): void;
  /** Facts were recorded. */
  facts(facts: readonly Fact[]): void;
  /** Instances wrote lines. */
  lines(lines: readonly OutputLine[]): void;
  /** Something is worth a look. */
  warn(text: string): void;
  /** A soft end was asked for. */
  stopping(): void;
  /** Everything has ended. */
  stopped(): void;
}

/**
 * The output of a mesh: readable lines, or JSON lines. A full disk or a terminal that is gone ends
 * what is printed, not the mesh.
 */
export function createMeshOutput(io: CommandIO, options: { json: boolean }): MeshOutput {
  let isOpen = true;
  const stdout = (text: string) => {
    if (!isOpen) return;
    try {
      io.stdout(text);
    } catch {
      // Nobody can be told: this was the way to tell it. The history has everything.
      isOpen = false;
    }
  };
  const calm = { ...io, stdout };
  return options.json ? jsonOutput(calm) : readableOutput(calm);
}

function readableOutput(io: CommandIO): MeshOutput {
  const memory = createFactMemory();
  // What happens while the mesh starts is told after it was said where the mesh is.
  let early: Fact[] | undefined = [];
  const put = (atMs: number, text: string) => {
    const time = paint(formatTime(atMs, { hasDate: false }), {
      style: "dim",
      hasColor: io.hasColor,
    });
    const [first = "", ...rest] = text.split("\n");
    io.stdout(
      [`${time}  ${first}`, ...rest.map((line) => `${" ".repeat(14)}${line}`), ""].join("\n"),
    );
  };
  const tell = (facts: readonly Fact[]) => {
    for (const fact of facts) {
      // Of a reason only the first line: what a service wrote before it ended was shown already.
      const [first = ""] = describeFact(fact, memory).split("\n");
      if (!isDetail(fact)) put(fact.atMs, printable(first));
    }
  };
  return {
    ready(config, { gatewayUrl, adminUrl, data, token }) {
      const routes = new Map<string, string[]>();
      for (const { service, host = "", path } of config.routes) {
        routes.set(service, [...(routes.get(service) ?? []), `${host}${path}`]);
      }
      io.stdout(`Mesh "${config.name}" is ready.\n\n`);
      for (const { name, plugs } of config.services.values()) {
        const ways = routes.get(name)?.map((way) => wayIn(gatewayUrl, way)).join(", ");
        const out = plugs === "*" ? "every service" : plugs.join(", ");
        const edges = out === "" ? "" : `, may call ${out}`;
        io.stdout(`  ${name.padEnd(16)} ${ways ?? "not reachable from outside"}${edges}\n`);
      }
      io.stdout(`\n  gateway          ${gatewayUrl}\n  admin API        ${adminUrl}\n`);
      if (data === "none") io.stdout(`  token            ${token}\n`);
      io.stdout("\nCtrl-C stops it. What happens:\n");
      const facts = early ?? [];
      early = undefined;
      tell(facts);
    },
    facts(facts) {
      if (early === undefined) tell(facts);
      else early.push(...facts);
    },
    lines(lines) {
      for (const { service, serviceID, text, atMs } of lines) {
        put(atMs, `${service}#${serviceID} | ${printable(text)}`);
      }
    },
    warn: (text) => put(clockMs(), `! ${printableLines(text)}`),
    stopping: () => put(clockMs(), "stopping: no new requests; Ctrl-C again ends it at once"),
    stopped: () => put(clockMs(), "everything has ended"),
  };
}

/** The address of a route: with its own host, where it has one. */
function wayIn(gatewayUrl: string, way: string): string {
  if (way.startsWith("/")) return `${gatewayUrl}${way}`;
  return `http://${way.replace("/", `:${new URL(gatewayUrl).port}/`)}`;
}

function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function jsonOutput(io: CommandIO): MeshOutput {
  const put = (value: unknown) => io.stdout(`${JSON.stringify(value)}\n`);
  const event = (kind: string, fields: object = {}) => put({ kind, atMs: clockMs(), ...fields });
  return {
    ready(config, { gatewayUrl, adminUrl, data }) {
      const services = [...config.services.keys()];
      event("meshReady", { name: config.name, services, gatewayUrl, adminUrl, data });
    },
    facts: (facts) => facts.forEach(put),
    lines: (lines) => lines.forEach((line) => event("output", line)),
    warn: (reason) => event("warning", { reason }),
    stopping: () => event("meshStopping"),
    stopped: () => event("meshStopped"),
  };
}
