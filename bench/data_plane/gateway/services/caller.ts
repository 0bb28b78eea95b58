/**
 * A service that calls another one many times: over its plug, or over HTTP with the platform's
 * `fetch`.
 *
 * @module
 */

async function callMany(
  url: string,
  options: { seconds: number; atOnce: number },
): Promise<number> {
  const endMs = performance.now() + 1_000 * options.seconds;
  let count = 0;
  const callers = Array.from({ length: options.atOnce }, async () => {
    while (performance.now() < endMs) {
      const response = await fetch(url);
      const { id } = await response.json();
      if (id !== 1234567) throw new Error(`Cannot count "${url}": it answered with ${id}`);
      count += 1;
    }
  });
  const startMs = performance.now();
  await Promise.all(callers);
  return 1_000 * count / (performance.now() - startMs);
}

export default {
  /** Answers with requests per second. */
  async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const seconds = Number(searchParams.get("seconds"));
    const atOnce = Number(searchParams.get("at-once"));
    const url = searchParams.get("url") ?? "";
    return Response.json({ perSecond: await callMany(url, { seconds, atOnce }) });
  },
};
