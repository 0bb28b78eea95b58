/**
 * Failures as HTTP tells them: RFC 9457 problem details.
 *
 * @module
 */

import { isRecord } from "../protocol/fields.ts";

/** What went wrong on the way to a service. */
export interface Problem {
  /** The HTTP status. */
  readonly status: number;
  /** The whole reason, for a person to act on. */
  readonly detail: string;
  /** The service that was wanted, if one was. */
  readonly service?: string;
  /** Seconds after which it may be tried again. */
  readonly retryAfterSeconds?: number;
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not authenticated",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Too large",
  429: "Too many requests",
  500: "Internal error",
  501: "Not supported",
  502: "The service broke the connection",
  503: "The service is unavailable",
  504: "The service did not answer in time",
};

/** A problem as a session would tell it: the parts of a response. */
export interface ProblemParts {
  /** The HTTP status. */
  readonly status: number;
  /** Names and values. */
  readonly headers: [name: string, value: string][];
  /** JSON. */
  readonly body: string;
}

/** The media type of problem details. */
export const PROBLEM_TYPE = "application/problem+json";

/**
 * A response that tells a problem.
 *
 * @example
 * ```ts
 * import { problemResponse } from "./problem.ts";
 * const response = problemResponse({ status: 503, detail: 'Cannot start "greeter": no agent' });
 * console.log(response.status, await response.json());
 * ```
 */
export function problemResponse(problem: Problem): Response {
  const { status, headers, body } = problemParts(problem);
  return new Response(body, { status, headers });
}

/** The reason that problem details tell, as JSON. */
export function detailOf(problem: unknown): string | undefined {
  return isRecord(problem) && typeof problem.detail === "string" ? problem.detail : undefined;
}

/** The reason that a response tells, if it is a problem; its body has been read then. */
export async function detailIn(response: Response): Promise<string | undefined> {
  if (response.headers.get("content-type") !== PROBLEM_TYPE) return undefined;
  return detailOf(await response.json());
}

/** The parts of a response that tells a problem. */
export function problemParts(problem: Problem): ProblemParts {
  const { status, detail, service, retryAfterSeconds } = problem;
  const title = TITLES[status] ?? (status < 500 ? "Refused" : "Failed");
  const headers: ProblemParts["headers"] = [["content-type", PROBLEM_TYPE]];
  if (retryAfterSeconds !== undefined) headers.push(["retry-after", String(retryAfterSeconds)]);
  const body = { type: "about:blank", title, status, detail, ...(service ? { service } : {}) };
  return { status, headers, body: JSON.stringify(body) };
}
