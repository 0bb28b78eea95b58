/**
 * Bodies of requests: small JSON documents, or nothing.
 *
 * @module
 */

/** Longest body that is read, in bytes. */
export const BODY_BYTES_MAX = 16 * 1024;

/** What a body says, or why it cannot be used. */
export type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly status: number; readonly detail: string };

/**
 * Reads the JSON body of a request, at most {@linkcode BODY_BYTES_MAX} bytes of it.
 *
 * @returns Its value, undefined when there is no body; or why it cannot be used.
 */
export async function readJsonBody(request: Request): Promise<JsonBody> {
  const bytes = await readBytes(request);
  if (bytes === undefined) {
    const detail = `Cannot read the body: it is longer than ${BODY_BYTES_MAX} bytes`;
    return { ok: false, status: 413, detail };
  }
  if (bytes.length === 0) return { ok: true, value: undefined };
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    const detail = "Cannot read the body: its content-type is not application/json";
    return { ok: false, status: 400, detail };
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { ok: true, value: JSON.parse(text) };
  } catch {
    // Neither decoder says more than that the text is wrong, which is said here.
    return { ok: false, status: 400, detail: "Cannot read the body: it is not JSON" };
  }
}

async function readBytes(request: Request): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(BODY_BYTES_MAX);
  let length = 0;
  for await (const chunk of request.body ?? []) {
    if (length + chunk.length > BODY_BYTES_MAX) return undefined;
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}
