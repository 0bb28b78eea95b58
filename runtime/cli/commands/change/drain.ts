/**
 * `drain`: moves everything away from an agent.
 *
 * @module
 */

import { giveCommand } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { jsonDocument } from "../look/listing.ts";

/** How long it may take to move everything: hosts start few services at a time. */
const DRAIN_MS = 15 * 60_000;

/**
 * Drains an agent and waits until everything has moved, or ends its drain.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run(parsed: Parsed<"drain">, io: CommandIO): Promise<number> {
  const { flags, arguments: { agent } } = parsed;
  const mesh = await findMesh(flags);
  const name = encodeURIComponent(agent);
  if (flags.undo) {
    const outcome = await giveCommand(mesh, `/v1/agents/${name}/undrain`, { answer: "Outcome" });
    io.stdout(flags.json ? jsonDocument(outcome) : `${outcome.reason}\n`);
    return 0;
  }
  const outcome = await giveCommand(mesh, `/v1/agents/${name}/drain`, {
    answer: "Outcome",
    waitMs: DRAIN_MS,
  });
  const text = `Agent ${agent} is drained: ${outcome.reason}\n`;
  io.stdout(flags.json ? jsonDocument(outcome) : text);
  return 0;
}
