/**
 * A service asks itself whether it is well: the manager wants to know of handlers that hang, while
 * the process by itself goes on.
 *
 * It is loaded by the first such question, so that no start waits for it.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { STATUS } from "../../protocol/status.ts";
import type { Ailment } from "../../roles/service/state.ts";
import { after } from "../../transports/timer.ts";
import type { FetchHandler } from "./handler.ts";

/** What is asked, and how long the answer may take. */
export interface HealthQuestion {
  /** The path of the service, with its query. */
  readonly path: string;
  /** How long the answer may take. Milliseconds. */
  readonly timeoutMs: number;
  /** The service. */
  readonly service: string;
}

/**
 * The time passes in so many parts. An event loop that was blocked for all of it has run so many
 * times at least before the handler counts as hanging: it is only busy.
 */
const PARTS = 10;

/** Resolves after a time, in which the event loop was free now and then. */
async function passes(timeoutMs: number, signal: AbortSignal): Promise<void> {
  for (let part = 0; part < PARTS && !signal.aborted; part += 1) {
    await new Promise<void>((resolve) => void after(timeoutMs / PARTS, resolve));
  }
}

/** Asks a handler; resolves with what is wrong, or with nothing. Never rejects. */
export async function askHandler(
  handler: FetchHandler,
  { path, timeoutMs, service }: HealthQuestion,
): Promise<Ailment | undefined> {
  const controller = new AbortController();
  const { signal } = controller;
  const request = new Request(`http://${service}.mesh${path}`, {
    headers: { "user-agent": "smmp-health" },
    signal,
  });
  const answer = ask(handler, request, path);
  const late = passes(timeoutMs, signal).then(() => ({
    status: STATUS.deadline,
    reason: `GET ${path} got no answer within ${timeoutMs / 1_000} s`,
  }));
  const ailment = await Promise.race([answer, late]);
  controller.abort();
  return ailment;
}

async function ask(
  handler: FetchHandler,
  request: Request,
  path: string,
): Promise<Ailment | undefined> {
  try {
    const { status, body } = await handler(request);
    // What it says beside its status nobody reads; that it can't be cancelled is no matter.
    body?.cancel().catch(() => {});
    if (status >= 200 && status < 400) return undefined;
    return { status: STATUS.unavailable, reason: `GET ${path} was answered with ${status}` };
  } catch (error) {
    return { status: STATUS.unavailable, reason: `GET ${path} threw ${reasonOf(error)}` };
  }
}
