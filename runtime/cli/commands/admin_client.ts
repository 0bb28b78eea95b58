/**
 * How the commands reach a mesh that runs: its address and token, and its answers, checked.
 *
 * @module
 */

import { AdminFileError, readAdminFile } from "../../admin/admin_file.ts";
import { type AnswerName, type AnswerTypes, parseAnswer } from "../../admin/view_schema.ts";
import { formatDuration } from "../../config/durations.ts";
import { isRecord } from "../../../protocol/fields.ts";
import { CommandError } from "../io.ts";

/** How long an answer may take. */
const ANSWER_MS = 10_000;

/** How long a change may take: a soft shutdown waits for what is in flight, then for its grace. */
const CHANGE_MS = 120_000;

/** Longest answer that is read, in characters. */
const ANSWER_CHARACTERS_MAX = 100_000_000;

/** The flags that name a mesh. */
export interface MeshFlags {
  /** Its data folder. */
  readonly data: string;
  /** Its admin API, instead of what the data folder tells. */
  readonly admin: string | undefined;
  /** Its token, instead of what the data folder tells. */
  readonly token: string | undefined;
}

/** A mesh that runs, as far as it is known. */
export interface MeshAccess {
  /** The admin API, without a slash at the end. */
  readonly url: string;
  /** What changes something must carry. */
  readonly token: string | undefined;
  /** Where it takes requests, if that is known. */
  readonly gatewayUrl: string | undefined;
}

/**
 * Finds the mesh that the flags name. The token in the data folder goes to no other address than
 * the one beside it.
 *
 * @throws {CommandError} when the data folder knows of no mesh, and the flags do not either.
 */
export function findMesh({ data, admin, token }: MeshFlags): MeshAccess {
  try {
    const file = readAdminFile(data);
    const url = baseOf(file.url);
    if (admin === undefined || baseOf(admin) === url) {
      return { url, token: token ?? file.token, gatewayUrl: file.gatewayUrl ?? undefined };
    }
  } catch (error) {
    if (!(error instanceof AdminFileError)) throw error;
    if (admin === undefined) throw new CommandError(error.message, { cause: error });
  }
  return { url: baseOf(admin), token, gatewayUrl: undefined };
}

function baseOf(url: string): string {
  return new URL(url).href.replace(/\/+$/, "");
}

/** Options of {@linkcode readAnswer} and {@linkcode giveCommand}. */
export interface AnswerOptions<Name extends AnswerName> {
  /** What the answer must be. */
  readonly answer: Name;
  /** The query; what is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** The body, as JSON. */
  readonly body?: unknown;
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
  return await request(mesh, { ...options, path, method: "GET", waitMs: ANSWER_MS });
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
  return await request(mesh, { ...options, path, method: "POST", waitMs: CHANGE_MS });
}

/** The token. @throws {CommandError} when it is not known. */
export function requireToken({ url, token }: MeshAccess): string {
  if (token !== undefined) return token;
  throw new CommandError(
    `Cannot change anything at ${url} without its token: name its data folder with --data, or ` +
      "the token with --token",
  );
}

async function request<Name extends AnswerName>(
  mesh: MeshAccess,
  options: AnswerOptions<Name> & { path: string; method: string; waitMs: number },
): Promise<AnswerTypes[Name]> {
  const url = new URL(mesh.url + options.path);
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const headers = new Headers({ accept: "application/json" });
  if (mesh.token !== undefined) headers.set("authorization", `Bearer ${mesh.token}`);
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

async function reach(
  mesh: MeshAccess,
  { url, init, waitMs }: { url: URL; init: RequestInit; waitMs: number },
): Promise<{ response: Response; text: string }> {
  const signal = AbortSignal.timeout(waitMs);
  try {
    const response = await fetch(url, { ...init, signal });
    return { response, text: await readText(response) };
  } catch (cause) {
    if (signal.aborted) {
      const waited = formatDuration(waitMs);
      throw new CommandError(`Cannot reach the mesh at ${mesh.url}: no answer in ${waited}`);
    }
    throw unreachable(mesh.url, cause);
  }
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

/** The reason that a problem tells. */
export function detailOf(value: unknown): string | undefined {
  return isRecord(value) && typeof value.detail === "string" ? value.detail : undefined;
}

/** The status of a response in words. */
export function describe({ status, statusText }: Response): string {
  return statusText === "" ? `status ${status}` : `${status} ${statusText}`;
}
