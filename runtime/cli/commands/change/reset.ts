/**
 * `reset`: forgets the crashes of a service.
 *
 * @module
 */

import { giveCommand } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { jsonDocument } from "../look/listing.ts";

/**
 * Has the mesh forget that a service crashed: who asks for it next has it started at once.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run(parsed: Parsed<"reset">, io: CommandIO): Promise<number> {
  const { flags, arguments: { service } } = parsed;
  const path = `/v1/services/${encodeURIComponent(service)}/reset`;
  const outcome = await giveCommand(await findMesh(flags), path, { answer: "Outcome" });
  io.stdout(flags.json ? jsonDocument(outcome) : `${service}: ${outcome.reason}\n`);
  return 0;
}
