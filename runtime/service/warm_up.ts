import { deadline } from "../../transports/timer.ts";
import { keepFreedMemory } from "../sessions/bodies/kept_memory.ts";
import { postponeStaticBodies } from "../sessions/bodies/static_body.ts";
import { postponeLazyRequests } from "../sessions/parts/lazy_request.ts";

/** Microtasks after which the message that the process is ready has left; see the outbox too. */
const HOPS = 24;

/** By then whoever caused the start has the answer, mostly. Milliseconds. */
const TRIALS_AFTER_MS = 1_000;

/**
 * Loads what the first request will use. The runtime does so when it is named for the first time,
 * which takes some milliseconds; a process that has just said that it is ready has them, until
 * somebody dials. More than that is not done: who dials is there so soon that it would wait for it.
 * What makes many requests faster, and the first one slower, comes later. A spare has the time for
 * all of it at once.
 */
export async function warmUp({ isSpare = false } = {}): Promise<void> {
  const trials = [postponeLazyRequests(), postponeStaticBodies(), keepFreedMemory];
  if (isSpare) {
    trials.forEach((run) => run());
    return await useAll();
  }
  deadline(TRIALS_AFTER_MS, () => trials.forEach((run) => run()));
  for (let hop = 0; hop < HOPS; hop += 1) await null;
  load(Request, Response);
}

/** What is handed over has been loaded by that. */
function load(..._: unknown[]): void {}

/** Uses once what a request uses. */
async function useAll(): Promise<void> {
  const { signal } = new AbortController();
  const headers: [string, string][] = [["accept", "*/*"]];
  const request = new Request("http://warm-up.mesh/", { method: "GET", headers, signal });
  const response = new Response(new URL(request.url).pathname, { headers: request.headers });
  const reader = response.body?.getReader();
  while ((await reader?.read())?.done === false);
}
