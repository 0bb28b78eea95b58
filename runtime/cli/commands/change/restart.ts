/**
 * `restart`: replaces each instance of a service.
 *
 * @module
 */

import { giveCommand } from "../../access/admin_client.ts";
import { findMesh } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { jsonDocument } from "../look/listing.ts";

/** How long it may take: the instances of a service are replaced one after the other. */
const RESTART_MS = 15 * 60_000;

/**
 * Replaces each instance of a service and waits until the old ones have ended.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run(parsed: Parsed<"restart">, io: CommandIO): Promise<number> {
  const { flags, arguments: { service } } = parsed;
  const path = `/v1/services/${encodeURIComponent(service)}/restart`;
  const outcome = await giveCommand(await findMesh(flags), path, {
    answer: "Outcome",
    waitMs: RESTART_MS,
  });
  io.stdout(flags.json ? jsonDocument(outcome) : `${service}: ${outcome.reason}\n`);
  return 0;
}
