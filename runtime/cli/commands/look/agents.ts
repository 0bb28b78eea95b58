/**
 * `agents`: the agents and what they can start.
 *
 * @module
 */

import type { AgentView } from "../../../admin/views/view.ts";
import { readAnswer } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { jsonDocument, LIST_MAX, tellRest } from "./listing.ts";
import { type Cell, renderTable } from "../../table.ts";

const COLUMNS = [
  { title: "AGENT" },
  { title: "STATE" },
  { title: "ADDRESS" },
  { title: "LOAD", align: "right" },
  { title: "LABELS" },
  { title: "SERVICES" },
] as const;

/**
 * Lists the agents of a mesh.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run({ flags }: Parsed<"agents">, io: CommandIO): Promise<number> {
  const query = { limit: LIST_MAX };
  const list = await readAnswer(await findMesh(flags), "/v1/agents", {
    answer: "AgentList",
    query,
  });
  if (flags.json) io.stdout(jsonDocument(list));
  else {
    const rows = list.items.map(rowOf);
    io.stdout(
      rows.length === 0 ? "No agent is there.\n" : renderTable({ columns: COLUMNS, rows }, io),
    );
    tellRest(list, io);
  }
  return 0;
}

function rowOf(agent: AgentView): Cell[] {
  const { load, capacity, network, port, labels, services } = agent;
  const named = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return [
    agent.agent,
    stateCell(agent),
    `${network}:${port}`,
    capacity === null ? load : `${load}/${capacity}`,
    named.join(", ") || "-",
    services.join(", ") || "-",
  ];
}

function stateCell({ connected, draining }: AgentView): Cell {
  if (!connected) return { text: draining ? "away (draining)" : "away", style: "red" };
  return draining ? { text: "draining", style: "yellow" } : { text: "connected", style: "green" };
}
