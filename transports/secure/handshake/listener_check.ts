/**
 * The listener's side of the handshake. It runs inside TLS, which has proved the listener to the
 * dialler; here the dialler proves itself. TLS could do that too, but not on every Deno: plain
 * `Deno.listenTls` never asks for a certificate, and some versions of `node:tls` let a client in
 * that shows none.
 *
 * @module
 */

import { HandshakeError } from "./handshake_error.ts";
import { newChallenge, readAnswer } from "./lines.ts";
import { type Credentials, type Identity, type PeerIdentity, tlsName } from "../identity.ts";
import { LineInput, writeLine } from "./line_input.ts";
import { type Proof, VerificationError, verifyProof } from "../verification.ts";

/** What a listener lets a dialler in by. */
export interface Entrance {
  /** What this end proves itself by, and whom it believes. */
  readonly credentials: Credentials;
  /** Says why somebody who proved who it is may not come in; undefined when it may. */
  readonly admits: (peer: Identity) => string | undefined;
  /** How many bytes the dialler may send. */
  readonly bytesMax: number;
}

/**
 * Asks a dialler who it is, and verifies it. Its welcome is not said yet.
 *
 * @returns Who it is.
 * @throws {HandshakeError} when it is not to be let in.
 * @throws {LineInputError | CodecError} when it says something else, or nothing.
 * @throws what the connection throws.
 */
export async function checkDialler(conn: Deno.Conn, entrance: Entrance): Promise<PeerIdentity> {
  const { credentials, bytesMax } = entrance;
  const challenge = newChallenge();
  await writeLine(conn, challenge);
  const input = new LineInput(conn, bytesMax);
  const answer = readAnswer(await input.next());
  if (typeof answer === "string") throw new HandshakeError(answer);
  if (input.rest.length > 0) throw new HandshakeError("it went on before it was let in");
  const { certificate, signature } = answer;
  const server = tlsName(credentials.identity);
  const proof = { certificate, signature, nonce: challenge.nonce, server };
  const peer = await verified(proof, credentials);
  const reason = entrance.admits(peer);
  if (reason !== undefined) throw new HandshakeError(`${tlsName(peer)} may not come in: ${reason}`);
  return peer;
}

async function verified(
  proof: Proof,
  { authority, revoked }: Credentials,
): Promise<PeerIdentity> {
  try {
    return await verifyProof(proof, { authority, revoked });
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    throw new HandshakeError(error.message, { cause: error });
  }
}
