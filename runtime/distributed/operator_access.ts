/**
 * How an operator who has a certificate gets at the admin API: it dials the manager as roles do,
 * and is told by that link where the API is, and a token for a while. So the API itself needs to
 * know nothing of certificates of operators, which HTTP clients handle so differently.
 *
 * @module
 */

import { isRecord, port as portKind } from "../../protocol/fields.ts";
import { isSameText } from "../../protocol/same_text.ts";
import type { Link, LinkEvents } from "../../transports/link.ts";
import { clockMs } from "../host.ts";
import { urlOf } from "../listen_http.ts";
import { type Address, isWildcard } from "./address.ts";
import { type CredentialsSource, dialRole } from "./role_links.ts";

/** How long a token of an operator is good. Milliseconds. */
const TOKEN_MS = 10 * 60_000;
/** Most tokens at a time; beyond, the oldest is good no more. */
const TOKENS_MAX = 1_000;
/** How long the manager has to tell the access once it is linked. Milliseconds. */
const ANSWER_MS = 5_000;

/** The tokens of operators. */
export class OperatorTokens {
  readonly #expiries = new Map<string, number>();
  readonly #now: () => number;

  /**
   * No tokens yet.
   *
   * @param now Tells the time in milliseconds. @default {clockMs}
   */
  constructor(now: () => number = clockMs) {
    this.#now = now;
  }

  /** Makes a token that is good for ten minutes. */
  issue(): string {
    this.#forget();
    const [oldest] = this.#expiries.keys();
    if (oldest !== undefined && this.#expiries.size >= TOKENS_MAX) this.#expiries.delete(oldest);
    const token = crypto.randomUUID();
    this.#expiries.set(token, this.#now() + TOKEN_MS);
    return token;
  }

  /** Whether a token is good now. */
  accepts(token: string): boolean {
    this.#forget();
    let isGood = false;
    // Each is looked at in whole, so that the time this takes tells nothing.
    for (const good of this.#expiries.keys()) isGood = isSameText(good, token) || isGood;
    return isGood;
  }

  /** None is good any more: whoever may still have one asks again. */
  forgetAll(): void {
    this.#expiries.clear();
  }

  /** They stand in the order of their making, and expire in it. */
  #forget(): void {
    for (const [token, expiresMs] of this.#expiries) {
      if (expiresMs > this.#now()) return;
      this.#expiries.delete(token);
    }
  }
}

/** Tells an operator where the admin API is, and closes the link. */
export function welcomeOperator(
  link: Link,
  access: { readonly admin: Address; readonly token: string },
): LinkEvents {
  const { admin: { hostname, port }, token } = access;
  // Nobody can dial "everywhere": the operator takes the address by which it came.
  const place = isWildcard(hostname) ? { port } : { hostname, port };
  link.send({ type: "adminAccess", token, ...place });
  link.close();
  return { received() {}, malformed() {}, closed() {} };
}

/** Where the admin API is, and what opens it. */
export interface AdminAccess {
  /** Its address. */
  readonly url: string;
  /** A token that is good for some minutes. */
  readonly token: string;
}

/**
 * Asks a manager for access to its admin API.
 *
 * @throws {DialError} when it is not reached, is not the manager, or refuses; with the reason.
 * @throws {Error} when it does not tell.
 */
export async function askForAccess(
  address: Address,
  credentials: CredentialsSource,
): Promise<AdminAccess> {
  // A manager takes an agent in as an agent, and waits for it to register.
  const { role, name } = credentials().identity;
  if (role !== "operator") {
    throw new Error(
      `Cannot get access to the admin API of the manager: the certificate is that of ${role} ` +
        `"${name}", and that of an operator is needed (deno task smmp ca issue makes one)`,
    );
  }
  const { promise, resolve, reject } = Promise.withResolvers<AdminAccess>();
  const fail = (reason: string) => {
    reject(new Error(`Cannot get access to the admin API of the manager: ${reason}`));
  };
  const expects = { role: "manager", name: "manager" } as const;
  const link = await dialRole({ address, credentials, expects }, () => ({
    received: (value) => {
      const access = readAccess(value, address);
      if (access === undefined) fail("it answered something else");
      else resolve(access);
    },
    malformed: fail,
    closed: fail,
  }));
  const timer = setTimeout(() => fail(`no answer within ${ANSWER_MS} ms`), ANSWER_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    link.close();
  }
}

function readAccess(value: unknown, dialled: Address): AdminAccess | undefined {
  if (!isRecord(value) || value.type !== "adminAccess") return undefined;
  const { token, port, hostname = dialled.hostname } = value;
  if (typeof token !== "string" || typeof hostname !== "string" || !portKind.accepts(port)) {
    return undefined;
  }
  return { url: urlOf(hostname, port, { isSecure: true }), token };
}
