/**
 * `stop` and `kill`: end an instance, softly or at once.
 *
 * @module
 */

import { giveCommand } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { jsonDocument } from "../look/listing.ts";

/**
 * Ends an instance and waits until it has ended.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run(parsed: Parsed<"stop"> | Parsed<"kill">, io: CommandIO): Promise<number> {
  const { id } = parsed.arguments;
  const outcome = await giveCommand(await findMesh(parsed.flags), `/v1/instances/${id}/stop`, {
    answer: "Outcome",
    body: { mode: parsed.command === "kill" ? "hard" : "soft" },
  });
  io.stdout(
    parsed.flags.json ? jsonDocument(outcome) : `Instance ${id} has ended: ${outcome.reason}\n`,
  );
  return 0;
}
