/**
 * A service that tells whether a spare has become its instance.
 *
 * @module
 */

import { assert } from "@std/assert";
import { DEADLINE_MS } from "./mesh_process.ts";

/** It says when it was loaded. `/exit` ends its instance. */
export const SPARE_SERVICE = `
  const loadedMs = Date.now();
  export default {
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname === "/exit") Deno.exit(0);
      const wasSpare = loadedMs < Number(searchParams.get("at"));
      return Response.json({ mark: "first", wasSpare, pid: Deno.pid });
    },
  };
`;

/** What it answers. */
export interface SpareAnswer {
  /** What stands in its code. */
  readonly mark?: string;
  /** Whether it was loaded before it was asked. */
  readonly wasSpare?: boolean;
  /** Its process. */
  readonly pid?: number;
}

/**
 * Asks, each time of a new instance, until one is as wanted.
 *
 * @param ask Sends a request to the service; resolves with the text of the answer.
 * @throws {AssertionError} when none is in the end.
 */
export async function askUntil(
  ask: (path: string) => Promise<string>,
  isWanted: (answer: SpareAnswer) => boolean,
): Promise<SpareAnswer> {
  const endMs = performance.now() + DEADLINE_MS;
  for (;;) {
    // After some ends in a row there is none for a while.
    const answer: SpareAnswer = JSON.parse(await ask(`/?at=${Date.now()}`).catch(() => "{}"));
    if (isWanted(answer)) return answer;
    assert(performance.now() < endMs, `never as wanted, at last ${JSON.stringify(answer)}`);
    // Its end is all that there is to know.
    await ask("/exit").catch(() => {});
    // Nothing outside tells when the next spare is ready, which begins a second later.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
}
