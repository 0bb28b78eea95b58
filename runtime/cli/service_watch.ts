/**
 * Services that are watched by a program that runs for long, and what is told of their changes.
 *
 * @module
 */

import {
  type RepositoryChange,
  RepositoryWatch,
  type RepositoryWatchOptions,
} from "../agent/repository/repository_watch.ts";
import { ConfigError } from "../config/config_error.ts";
import type { EventOutput } from "./event_output.ts";
import { CommandError } from "./io.ts";

/**
 * Loads a mesh and watches it.
 *
 * @throws {CommandError} when there is no such mesh, or anything is wrong with it.
 */
export async function watchServices(options: RepositoryWatchOptions): Promise<RepositoryWatch> {
  try {
    return await RepositoryWatch.open(options);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

/** Tells that what can be started is something else now. */
export function tellChange(
  output: Pick<EventOutput, "event">,
  { added, removed, edited }: RepositoryChange,
): void {
  const parts = Object.entries({ added, removed, edited })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(", ")}`);
  const text = `the services have changed${parts.length === 0 ? "" : `, ${parts.join("; ")}`}`;
  output.event({ kind: "repositoryChanged", text, fields: { added, removed, edited } });
}
