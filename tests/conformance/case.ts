/**
 * What a case of the suite is, and the words that cases are written in.
 *
 * @module
 */

import { hashOf } from "./services/bodies.ts";
import { latin, RawConnection, type RawHead, type RawResponse } from "./raw_http.ts";
import type { World } from "./worlds.ts";

/** Something that must come out the same in every world. */
export interface Case {
  /** What is looked at. */
  readonly name: string;
  /** Does it; what comes out is JSON. */
  run(world: World): Promise<unknown>;
}

/** A request, as it is written. */
export interface Ask {
  /** The method. @default {"GET"} */
  readonly method?: string;
  /** The target, exactly. @default {"/report"} */
  readonly target?: string;
  /** Lines of headers behind the host, exactly. */
  readonly headers?: readonly string[];
  /** The body; its length is told unless a header does so. */
  readonly body?: string | Uint8Array;
}

/** Bodies up to this length are shown; longer ones are told by their hash. */
const SHOWN_BYTES = 2_000;

let lastID = 0;

/** A name that no other case and no other world uses. */
export function freshID(): string {
  lastID += 1;
  return `id-${lastID}`;
}

/** Writes the head of a request, and its body. */
export function requestBytes(world: World, ask: Ask): Uint8Array {
  const { method = "GET", target = "/report", headers = [], body } = ask;
  const bytes = typeof body === "string" ? latin(body) : body;
  const isTold = headers.some((line) => /^(content-length|transfer-encoding)\b/i.test(line));
  const length = bytes === undefined || isTold ? [] : [`content-length: ${bytes.length}`];
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${world.host}`, ...headers, ...length];
  const head = latin(`${lines.join("\r\n")}\r\n\r\n`);
  const all = new Uint8Array(head.length + (bytes?.length ?? 0));
  all.set(head);
  if (bytes !== undefined) all.set(bytes, head.length);
  return all;
}

/** Sends a request on a connection of its own, and reads the answer. */
export async function ask(world: World, request: Ask): Promise<RawResponse | undefined> {
  using connection = await RawConnection.open(world.port);
  // Written beside the reading: the answer to a large request may come before its end.
  const sent = connection.send(requestBytes(world, request));
  const response = await connection.response(request.method);
  if (response === undefined || response.isWhole) await sent;
  return response;
}

/** The text of an answer. */
export async function askText(world: World, target: string): Promise<string> {
  return new TextDecoder().decode((await ask(world, { target }))?.body);
}

/** The answer as a case tells it: all that a client could notice. */
export async function told(world: World, request: Ask): Promise<unknown> {
  return toldOf(await ask(world, request));
}

/** A response as a case tells it. */
export function toldOf(response: RawResponse | undefined): unknown {
  if (response === undefined) return "hung up";
  const { headers, body, isWhole } = response;
  // How long a report is says nothing, but that its length is told as it is.
  const told = headers.map(([name, value]) => {
    const isLength = name === "content-length" && value === `${body.length}` && body.length > 0;
    return [name, isLength ? "that of the body" : value] as const;
  });
  return { ...toldHead({ ...response, headers: told }), body: toldBody(body), isWhole };
}

/** The head of a response as a case tells it, with what repeats joined as a receiver may. */
export function toldHead({ interim, status, reason, headers, framing }: RawHead): object {
  const named: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const before = named[name];
    if (name === "date") continue;
    if (name === "set-cookie") named[name] = [...(before ?? []), value];
    else named[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return { interim, status, reason, headers: named, framing };
}

function toldBody(body: Uint8Array): unknown {
  const text = new TextDecoder().decode(body);
  try {
    return JSON.parse(text);
  } catch {
    // What is no report of the subject is a plain text, or bytes.
    return body.length > SHOWN_BYTES ? { bytes: body.length, hash: hashOf(body) } : text;
  }
}
