/**
 * The dialler's side of the handshake. It runs inside TLS, which has proved the listener.
 *
 * @module
 */

import type { Credentials } from "../identity.ts";
import { HandshakeError } from "./handshake_error.ts";
import {
  type Answer,
  base64Of,
  bytesOf,
  type Challenge,
  HANDSHAKE_VERSION,
  KEY_ALGORITHM,
  readChallenge,
  readVerdict,
  signedBytes,
} from "./lines.ts";
import { LineInput, writeLine } from "./line_input.ts";

/** How many bytes a side takes from the other before the dialler is in. */
export const HANDSHAKE_BYTES_MAX = 32 * 1024;

/** Who this end is, and whom it proves that to. */
export interface DiallerProof {
  /** What this end proves itself by. */
  readonly credentials: Credentials;
  /** The name of the listener, as TLS has proved it. */
  readonly server: string;
}

/**
 * Proves to a listener who this end is.
 *
 * @returns What the listener said already after its welcome.
 * @throws {HandshakeError} when the listener refuses, or is none.
 * @throws {LineInputError | CodecError} when it says something else, or nothing.
 * @throws what the connection throws.
 */
export async function proveToListener(conn: Deno.Conn, proof: DiallerProof): Promise<Uint8Array> {
  const input = new LineInput(conn, HANDSHAKE_BYTES_MAX);
  const challenge = readChallenge(await input.next());
  if (typeof challenge === "string") throw new HandshakeError(challenge);
  await writeLine(conn, await answerTo(challenge, proof));
  const verdict = readVerdict(await input.next());
  if (typeof verdict === "string") throw new HandshakeError(verdict);
  if (verdict.type === "secureRefusal") {
    throw new HandshakeError(`it refuses this end: ${verdict.reason}`);
  }
  return input.rest;
}

/** Makes the answer to a challenge. */
export async function answerTo(
  { nonce }: Challenge,
  { credentials: { certificate, key }, server }: DiallerProof,
): Promise<Answer> {
  const pkcs8 = bytesOf(key.replace(/-----[^-]*-----|\s/g, ""));
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, KEY_ALGORITHM, false, ["sign"]);
  const signature = await crypto.subtle.sign(KEY_ALGORITHM, privateKey, signedBytes(nonce, server));
  return {
    type: "secureAnswer",
    version: HANDSHAKE_VERSION,
    certificate,
    signature: base64Of(new Uint8Array(signature)),
  };
}
