import { requestOf } from "../sessions/parts/lazy_request.ts";
import { staticBodyOf } from "../sessions/bodies/static_body.ts";

const URL_OF_NOBODY = "http://warm-up.mesh/";

/** Microtasks after which the message that the process is ready has left; see the outbox too. */
const HOPS = 24;

/**
 * Uses once what the first request will use. The runtime loads and compiles that at its first use,
 * which takes some milliseconds; a process that has just said that it is ready has them, until
 * somebody dials.
 */
export async function warmUp(): Promise<void> {
  for (let hop = 0; hop < HOPS; hop += 1) await null;
  const { signal } = new AbortController();
  const headers: [string, string][] = [["accept", "*/*"]];
  const request = requestOf({ method: "GET", url: URL_OF_NOBODY, headers, body: null, signal });
  const response = new Response(new URL(request.url).pathname, { headers: request.headers });
  staticBodyOf(response);
  const reader = response.body?.getReader();
  while ((await reader?.read())?.done === false);
}
