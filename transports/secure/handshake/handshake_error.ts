/**
 * Why a handshake failed, in words for people.
 *
 * @module
 */

import { CodecError, textOf } from "../../codec.ts";
import { printable } from "./lines.ts";
import { LineInputError } from "./line_input.ts";
import { REVOKED } from "./revocation.ts";

/** The handshake failed; the message says why and has the other end as its subject: "it …". */
export class HandshakeError extends Error {
  /** The name of the class. */
  override readonly name = "HandshakeError";
}

/** What TLS says in its own words, and what it means for an operator. */
const TLS_MEANINGS: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  [/fatal alert: (UnknownCA|.*Certificate.*)/, "it does not accept the certificate of this end"],
  [/InvalidContentType|corrupt message/, "it does not speak TLS"],
  [
    /eof|end of file|without a word|reset|broken pipe|not connected|close_notify/i,
    "it closed the connection",
  ],
];

/**
 * Says why a handshake failed: what this room throws says so itself, what TLS throws is explained.
 *
 * @returns A clause with the other end as its subject.
 */
export function whyHandshakeFailed(error: unknown): string {
  if (error instanceof HandshakeError) return printable(error.message);
  if (error instanceof LineInputError) return error.message;
  if (error instanceof CodecError) return "it sends something else than the lines of a secure link";
  const text = printable(textOf(error));
  const meaning = TLS_MEANINGS.find(([pattern]) => pattern.test(text));
  return meaning === undefined ? `the connection failed: ${text}` : `${meaning[1]} (${text})`;
}

/**
 * Says why TLS did not take the certificate of a listener; undefined when something else failed.
 *
 * @param error What TLS threw.
 * @param server Whose certificate it should have been.
 * @param proving The name that it should have had, which is another one after a revocation.
 */
export function whyNotServer(
  error: unknown,
  { server, proving }: { readonly server: string; readonly proving: string },
): string | undefined {
  const [, reason] = /invalid peer certificate: (.*)/s.exec(textOf(error)) ?? [];
  if (reason === undefined) return undefined;
  const isOfServer = reason.includes(`DnsName("${server}")`);
  if (proving !== server && isOfServer) return REVOKED;
  const meaning = reason === "UnknownIssuer"
    ? "it was not issued by the authority of this mesh (UnknownIssuer)"
    : printable(reason).replace(/\b(\d{10})( \(UNIX\))?/g, (_, seconds) => isoOf(Number(seconds)));
  return `its certificate does not prove that it is "${server}": ${meaning}`;
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
