/**
 * How the commands ask a mesh that runs, and its answers, checked.
 *
 * @module
 */

import { type AnswerName, type AnswerTypes, parseAnswer } from "../../admin/views/view_schema.ts";
import { formatDuration } from "../../config/schema/durations.ts";
import { detailOf } from "../../problem.ts";
import { CommandError } from "../io.ts";
import { type MeshAccess, requireToken } from "./find_mesh.ts";

/** How long an answer may take. */
const ANSWER_MS = 10_000;

/** How long a change may take: a soft shutdown waits for what is in flight, then for its grace. */
const CHANGE_MS = 120_000;

/** Longest answer that is read, in characters. */
const ANSWER_CHARACTERS_MAX = 100_000_000;

/** What is asked for in a query; what is undefined is left out. */
export type AdminQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/** Options of {@linkcode readAnswer} and {@linkcode giveCommand}. */
export interface AnswerOptions<Name extends AnswerName> {
  /** What the answer must be. */
  readonly answer: Name;
  /** The query; what is undefined is left out. */
  readonly query?: AdminQuery;
  /** The body, as JSON. */
  readonly body?: unknown;
  /** How long the answer may take. Milliseconds. @default {10_000, for a change 120_000} */
  readonly waitMs?: number;
}

/**
 * Asks the admin API for something.
 *
 * @throws {CommandError} when it is not reached, refuses, or answers something else.
 */
export async function readAnswer<Name extends AnswerName>(
  mesh: MeshAccess,
  path: string,
  options: AnswerOptions<Name>,
): Promise<AnswerTypes[Name]> {
  const { waitMs = ANSWER_MS } = options;
  return await request(mesh, { ...options, path, method: "GET", waitMs });
}

/**
 * Has the admin API change something.
 *
 * @throws {CommandError} when it is not reached, or does not do it.
 */
export async function giveCommand<Name extends AnswerName>(
  mesh: MeshAccess,
  path: string,
  options: AnswerOptions<Name>,
): Promise<AnswerTypes[Name]> {
  requireToken(mesh);
  const { waitMs = CHANGE_MS } = options;
  return await request(mesh, { ...options, path, method: "POST", waitMs });
}

async function request<Name extends AnswerName>(
  mesh: MeshAccess,
  options: AnswerOptions<Name> & { path: string; method: string; waitMs: number },
): Promise<AnswerTypes[Name]> {
  const url = urlOf(mesh, options);
  const headers = headersOf(mesh, "application/json");
  const init: RequestInit = { method: options.method, headers, redirect: "error" };
  if (options.body !== undefined) {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(options.body);
  }
  const { response, text } = await reach(mesh, { url, init, waitMs: options.waitMs });
  const value = parseJson(text);
  if (!response.ok) throw new CommandError(detailOf(value) ?? `${url}: ${describe(response)}`);
  const parsed = parseAnswer(options.answer, value);
  if (parsed !== undefined) return parsed;
  throw new CommandError(`Cannot read the answer of ${url}: it is not a mesh of this version`);
}

/** What is read line by line. */
export interface LinesOptions {
  /** Its path. */
  readonly path: string;
  /** The query; what is undefined is left out. */
  readonly query?: AdminQuery;
}

/** The mesh answered, and refused. */
export class RefusedError extends CommandError {
  /** The name of the class. */
  override name = "RefusedError";
}

/**
 * The lines of an answer that is read while it is made.
 *
 * @throws {CommandError} when nobody answers, it is refused, or breaks.
 */
export async function* readLines(
  mesh: MeshAccess,
  options: LinesOptions,
): AsyncGenerator<string, undefined> {
  yield* await openLines(mesh, options);
}

/**
 * Asks for an answer that is read while it is made; resolves once it begins. Its lines have to be
 * read, or their reading ended; it throws a {@linkcode CommandError} when the answer breaks.
 *
 * @throws {CommandError} when nobody answers.
 * @throws {RefusedError} when it is refused.
 */
export async function openLines(
  mesh: MeshAccess,
  options: LinesOptions,
): Promise<AsyncGenerator<string, undefined>> {
  const url = urlOf(mesh, options);
  const client = clientOf(mesh);
  const init = { headers: headersOf(mesh, "application/x-ndjson"), redirect: "error" } as const;
  try {
    const response = await fetchBy(client, url, init).catch((cause) => {
      throw unreachable(mesh.url, cause);
    });
    if (response.ok && response.body !== null) return linesOf(mesh, response.body, client);
    const value: unknown = parseJson(await readText(response));
    throw new RefusedError(detailOf(value) ?? `${url}: ${describe(response)}`);
  } catch (error) {
    client?.close();
    throw error;
  }
}

async function* linesOf(
  mesh: MeshAccess,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  client: Deno.HttpClient | undefined,
): AsyncGenerator<string, undefined> {
  using _client = client;
  let rest = "";
  try {
    for await (const text of body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield line;
    }
  } catch (cause) {
    const why = reasonsOf(cause).at(-1) ?? "no reason was given";
    throw new CommandError(`Cannot read on from the mesh at ${mesh.url}: ${why}`, { cause });
  }
}

function urlOf(
  mesh: MeshAccess,
  { path, query = {} }: { readonly path: string; readonly query?: AdminQuery | undefined },
): URL {
  const url = new URL(mesh.url + path);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function headersOf(mesh: MeshAccess, accept: string): Headers {
  const headers = new Headers({ accept });
  if (mesh.token !== undefined) headers.set("authorization", `Bearer ${mesh.token}`);
  return headers;
}

function fetchBy(
  client: Deno.HttpClient | undefined,
  url: URL,
  init: RequestInit,
): Promise<Response> {
  return fetch(url, client === undefined ? init : { ...init, client });
}

async function reach(
  mesh: MeshAccess,
  { url, init, waitMs }: { url: URL; init: RequestInit; waitMs: number },
): Promise<{ response: Response; text: string }> {
  const signal = AbortSignal.timeout(waitMs);
  using client = clientOf(mesh);
  try {
    const response = await fetchBy(client, url, { ...init, signal });
    return { response, text: await readText(response) };
  } catch (cause) {
    if (signal.aborted) {
      const waited = formatDuration(waitMs);
      throw new CommandError(`Cannot reach the mesh at ${mesh.url}: no answer in ${waited}`);
    }
    throw unreachable(mesh.url, cause);
  }
}

/** A mesh has an authority of its own, which no system knows. */
function clientOf({ authority }: MeshAccess): Deno.HttpClient | undefined {
  return authority === undefined ? undefined : Deno.createHttpClient({ caCerts: [authority] });
}

/** Says that nobody answers at an address. */
export function unreachable(url: string, cause: unknown): CommandError {
  const reasons = reasonsOf(cause);
  const isRefused = /refused|reset|unreachable/i.test(reasons.join());
  const why = isRefused ? "" : `${reasons.at(-1) ?? "no reason was given"}; `;
  return new CommandError(
    `Cannot reach the mesh at ${url}: ${why}is it running? Start it with deno task mesh`,
    { cause },
  );
}

/** Deno's fetch only says that it failed; why is in the causes of its error. */
function reasonsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return error === undefined ? [] : [String(error)];
  return [error.message, ...reasonsOf(error.cause)];
}

async function readText(response: Response): Promise<string> {
  let text = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    if (text.length > ANSWER_CHARACTERS_MAX) throw new Error("its answer has no end");
  }
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is not JSON does not pass the check of the answer, which says so.
    return undefined;
  }
}

/** The status of a response in words. */
export function describe({ status, statusText }: Response): string {
  return statusText === "" ? `status ${status}` : `${status} ${statusText}`;
}
