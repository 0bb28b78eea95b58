/**
 * `history`: what happened, and why.
 *
 * @module
 */

import { formatHistoryLine } from "../../../history/history_line.ts";
import { readAnswer } from "../../access/admin_client.ts";
import { findMesh, type MeshAccess } from "../../access/find_mesh.ts";
import type { Parsed } from "../../grammar/commands.ts";
import type { CommandIO } from "../../io.ts";
import { jsonDocument, missingService } from "./listing.ts";

/**
 * Prints the history of a mesh, the newest last.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code.
 */
export async function run({ flags }: Parsed<"history">, io: CommandIO): Promise<number> {
  const { service, limit, json } = flags;
  const since = flags.since === undefined ? undefined : Math.max(0, flags.since);
  const mesh = await findMesh(flags);
  const list = await readAnswer(mesh, "/v1/history", {
    answer: "History",
    query: { service, since, limit, details: String(flags.details) },
  });
  if (json) io.stdout(jsonDocument(list));
  else if (list.items.length === 0) io.stdout(await describeNothing(mesh, service));
  else {
    for (const { at, text } of list.items) {
      io.stdout(`${formatHistoryLine({ atMs: Date.parse(at), text }, { hasDate: true })}\n`);
    }
    if (list.items.length === limit) {
      io.stderr(`Only the newest ${limit} are shown; --limit shows more\n`);
    }
  }
  return 0;
}

/** A service without a history may be a slip: then the one that was meant is named. */
async function describeNothing(mesh: MeshAccess, service: string | undefined): Promise<string> {
  if (service === undefined) return "Nothing has happened.\n";
  const missing = await missingService(mesh, service);
  if (missing === undefined) return `Nothing has happened to ${service}.\n`;
  const hint = missing.meant === undefined ? "" : `, did you mean "${missing.meant}"?`;
  return `Nothing has happened to ${service}: there is no such service${hint}\n`;
}
