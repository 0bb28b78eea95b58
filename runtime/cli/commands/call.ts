/**
 * `call`: sends a request to a service through the mesh.
 *
 * @module
 */

import { reasonOf } from "../../../protocol/errors.ts";
import { isName } from "../../../protocol/manifest.ts";
import { formatDuration } from "../../config/schema/durations.ts";
import { detailOf, PROBLEM_TYPE } from "../../problem.ts";
import { describe, unreachable } from "../access/admin_client.ts";
import { findGateway, type GatewayAccess } from "../access/find_gateway.ts";
import type { Parsed } from "../grammar/commands.ts";
import { CommandError, type CommandIO } from "../io.ts";
import { jsonDocument } from "./look/listing.ts";

/** How long the first bytes of an answer may take; the gateway gives up before. */
const HEAD_MS = 120_000;

/**
 * Sends a request and prints the body of the answer as it comes.
 *
 * @param parsed The command line.
 * @param io What it prints to.
 * @returns The exit code: 1 when the status is 400 or above.
 */
export async function run(parsed: Parsed<"call">, io: CommandIO): Promise<number> {
  const request = requestOf(parsed, await findGateway(parsed.flags));
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), HEAD_MS);
  let response: Response;
  try {
    response = await fetch(request, { signal: timeout.signal });
  } catch (cause) {
    if (!timeout.signal.aborted) throw unreachable(new URL(request.url).origin, cause);
    throw new CommandError(`Cannot call: no answer in ${formatDuration(HEAD_MS)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
  try {
    await printAnswer(response, { json: parsed.flags.json, io });
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new CommandError(`Cannot read the answer to its end: ${reason}`, { cause });
  }
  return response.status >= 400 ? 1 : 0;
}

function requestOf(parsed: Parsed<"call">, gateway: GatewayAccess): Request {
  const { arguments: { service, path }, flags: { body, method, header } } = parsed;
  if (!isName(service)) {
    throw new CommandError(`Cannot call "${service}": it is not the name of a service`);
  }
  const prefix = `/.smmp/call/${service}/`;
  const url = new URL(`${gateway.url}${prefix}${path.slice(1)}`);
  // Dots in a path are resolved by every client: they must not lead to another service.
  if (!url.pathname.startsWith(prefix)) {
    throw new CommandError(`Cannot call "${path}": it leads out of ${service}`);
  }
  const headers = new Headers();
  for (const [name, value] of header) headers.append(name, value);
  if (headers.has("authorization")) {
    throw new CommandError("Cannot send the header authorization: the call itself needs it");
  }
  headers.set("authorization", `Bearer ${gateway.token}`);
  const init: RequestInit = {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers,
    redirect: "manual",
  };
  try {
    return new Request(url, body === undefined ? init : { ...init, body });
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new CommandError(`Cannot call "${service}": ${reason}`, { cause });
  }
}

async function printAnswer(
  response: Response,
  { json, io }: { json: boolean; io: CommandIO },
): Promise<void> {
  const { status, headers } = response;
  if (json) {
    const body = await response.text();
    io.stdout(jsonDocument({ status, headers: Object.fromEntries(headers), body }));
    return;
  }
  if (headers.get("content-type") === PROBLEM_TYPE && status >= 400) {
    const text = await response.text();
    io.stderr(`${describe(response)}: ${problemText(text)}\n`);
    return;
  }
  let last = "\n";
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    io.stdout(text);
    last = text.at(-1) ?? last;
  }
  if (io.isTerminal && last !== "\n") io.stdout("\n");
  if (status >= 300) io.stderr(`${describe(response)}\n`);
}

function problemText(text: string): string {
  try {
    return detailOf(JSON.parse(text)) ?? text;
  } catch {
    // A problem that is not JSON is shown as it is.
    return text;
  }
}
