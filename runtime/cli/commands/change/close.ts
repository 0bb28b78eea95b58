/**
 * `close`: closes a connection.
 *
 * @module
 */

import { giveCommand } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { jsonDocument } from "../look/listing.ts";

/**
 * Closes a connection and waits until it is closed.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run(parsed: Parsed<"close">, io: CommandIO): Promise<number> {
  const { id } = parsed.arguments;
  const outcome = await giveCommand(await findMesh(parsed.flags), `/v1/connections/${id}/close`, {
    answer: "Outcome",
  });
  io.stdout(parsed.flags.json ? jsonDocument(outcome) : `Connection ${id} is closed\n`);
  return 0;
}
