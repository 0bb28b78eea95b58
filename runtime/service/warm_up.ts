import { after } from "../../transports/timer.ts";
import { postponeStaticBodies } from "../sessions/bodies/static_body.ts";
import { postponeLazyRequests } from "../sessions/parts/lazy_request.ts";

/** Microtasks after which the message that the process is ready has left; see the outbox too. */
const HOPS = 24;

/** By then whoever caused the start has the answer, mostly. Milliseconds. */
const TRIALS_AFTER_MS = 100;

/**
 * Uses once what the first request will use. The runtime loads and compiles that at its first use,
 * which takes some milliseconds; a process that has just said that it is ready has them, until
 * somebody dials. What makes many requests faster, and the first one slower, comes later; a spare
 * has the time for it at once.
 */
export async function warmUp({ isSpare = false } = {}): Promise<void> {
  const trials = [postponeLazyRequests(), postponeStaticBodies()];
  if (isSpare) trials.forEach((run) => run());
  else after(TRIALS_AFTER_MS, () => trials.forEach((run) => run()));
  for (let hop = 0; hop < HOPS; hop += 1) await null;
  const { signal } = new AbortController();
  const headers: [string, string][] = [["accept", "*/*"]];
  const request = new Request("http://warm-up.mesh/", { method: "GET", headers, signal });
  const response = new Response(new URL(request.url).pathname, { headers: request.headers });
  const reader = response.body?.getReader();
  while ((await reader?.read())?.done === false);
}
