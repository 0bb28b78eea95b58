/**
 * Whether a program is well, as its companion finds out: it is asked at the path that the manager
 * names, else at the one by which it was known to be ready, else whether its port accepts.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { STATUS } from "../../protocol/status.ts";
import type { Ailment, Measure } from "../../roles/service/state.ts";
import type { FetchHandler } from "../service/handler.ts";
import { askHandler } from "../service/health_check.ts";
import type { HttpClient } from "./http/client.ts";

/** A program, as it is asked. */
export interface AskedProgram {
  /** Its service. */
  readonly service: string;
  /** Sends it requests. */
  readonly client: Pick<HttpClient, "answers" | "connect">;
  /** Passes a request on to it. */
  readonly handler: FetchHandler;
  /** The path by which it was known to be ready. */
  readonly ready: string | undefined;
}

/**
 * Asks a program how it is; resolves with what is wrong, or with nothing. Never rejects. A program
 * that answers others meanwhile is busy, as many of them do one thing after the other.
 */
export async function askProgram(
  { service, client, handler, ready }: AskedProgram,
  { path = ready, timeoutMs }: Pick<Measure, "path" | "timeoutMs">,
): Promise<Ailment | undefined> {
  const before = client.answers;
  const ailment = path === undefined
    ? await askPort(client, timeoutMs)
    : await askHandler(handler, { path, timeoutMs, service });
  const isBusy = ailment?.status === STATUS.deadline && client.answers > before;
  return isBusy ? undefined : ailment;
}

async function askPort(
  client: AskedProgram["client"],
  timeoutMs: number,
): Promise<Ailment | undefined> {
  const { promise, resolve } = Promise.withResolvers<Ailment>();
  const reason = `its port does not accept within ${timeoutMs / 1_000} s`;
  const timer = setTimeout(() => resolve({ status: STATUS.deadline, reason }), timeoutMs);
  const dialled = client.connect().then(
    (connection) => connection.close(),
    (error): Ailment => {
      return { status: STATUS.unavailable, reason: `its port does not accept: ${reasonOf(error)}` };
    },
  );
  const ailment = await Promise.race([dialled, promise]);
  clearTimeout(timer);
  return ailment ?? undefined;
}
