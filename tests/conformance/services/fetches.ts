/**
 * What a program gets from `fetch`, told so that it can be compared.
 *
 * @module
 */

const decoder = new TextDecoder();

/** All that can be seen of a response. */
async function toldOf(base: string, response: Response): Promise<unknown> {
  const { status, statusText, ok, redirected, type, url } = response;
  const headers = Object.fromEntries(response.headers);
  delete headers.date;
  const hasBody = response.body !== null;
  const text = decoder.decode(await response.bytes());
  const rest = { headers, cookies: response.headers.getSetCookie(), hasBody, text: parsed(text) };
  return { status, statusText, ok, redirected, type, url: url.replace(base, ""), ...rest };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Most answers are no JSON.
    return text;
  }
}

/** The name of what is thrown; the words are the platform's own. */
async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "nothing";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

async function aborted(base: string, id: string): Promise<string[]> {
  const before = await failureOf(fetch(`${base}/report`, { signal: AbortSignal.abort() }));
  const controller = new AbortController();
  const never = failureOf(fetch(`${base}/do/never?id=${id}`, { signal: controller.signal }));
  await (await fetch(`${base}/do/outcome?id=${id}-begun`)).text();
  controller.abort();
  const outcome = await (await fetch(`${base}/do/outcome?id=${id}`)).text();
  const other = new AbortController();
  const body = await fetch(`${base}/do/pushable?id=${id}-2`, { signal: other.signal });
  other.abort();
  return [before, await never, outcome, await failureOf(body.text())];
}

async function broken(base: string, id: string): Promise<string> {
  const response = await fetch(`${base}/do/pushable?id=${id}`);
  const reader = response.body?.getReader();
  await reader?.read();
  await (await fetch(`${base}/do/break?id=${id}`)).text();
  return await failureOf((async () => await reader?.read())());
}

/** A body that is sent piece by piece. */
function pieces(): ReadableStream<Uint8Array> {
  return ReadableStream.from(["one", "two"]).pipeThrough(new TextEncoderStream());
}

const INITS: Readonly<Record<string, RequestInit>> = {
  "GET": {},
  "HEAD": { method: "HEAD" },
  "DELETE": { method: "DELETE" },
  "POST without a body": { method: "POST" },
  "POST of a text": { method: "POST", body: "caf\u00e9" },
  "POST of bytes": { method: "POST", body: new Uint8Array([1, 2, 3]) },
  "POST of a form": { method: "POST", body: new URLSearchParams({ a: "1" }) },
  "POST of a blob": { method: "POST", body: new Blob(["x"], { type: "text/x" }) },
  "POST of a stream": { method: "POST", body: pieces() },
  "headers": { headers: { "X-A": "1", "accept": "text/a", "user-agent": "me" } },
};

const TARGETS = [
  "/do/odd",
  "/do/text",
  "/do/gzip",
  "/do/status?size=204",
  "/do/status?size=304",
  "/do/status?size=404",
  "/do/static?size=0",
  "/do/stream?size=5",
  "/do/redirect?size=302",
  "/do/redirect?size=302&to=/do/redirect%3Fsize=301",
  "/a/../b?",
  "/a#b",
];

const REDIRECTS: Readonly<Record<string, RequestInit>> = {
  "manual": { redirect: "manual" },
  "302 of a POST": { method: "POST", body: "x" },
};

/** Fetches all kinds of things from the subject at an address, and tells what came. */
export async function fetches(base: string, id: string): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  for (const [name, init] of Object.entries(INITS)) {
    results[name] = await toldOf(base, await fetch(`${base}/report`, init));
  }
  for (const target of TARGETS) {
    results[target] = await toldOf(base, await fetch(`${base}${target}`));
  }
  for (const [name, init] of Object.entries(REDIRECTS)) {
    results[name] = await toldOf(base, await fetch(`${base}/do/redirect?size=302`, init));
  }
  const error = fetch(`${base}/do/redirect?size=302`, { redirect: "error" });
  results["error"] = await failureOf(error);
  results["307 of a POST"] = await toldOf(
    base,
    await fetch(`${base}/do/redirect?size=307`, { method: "POST", body: "x" }),
  );
  results["a Request"] = await toldOf(
    base,
    await fetch(new Request(`${base}/report`, { method: "PUT", body: "x" }), { method: "POST" }),
  );
  results["aborted"] = await aborted(base, `${id}-aborted`);
  results["broken"] = await broken(base, `${id}-broken`);
  return results;
}
