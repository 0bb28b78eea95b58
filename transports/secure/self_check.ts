/**
 * Whether a listener keeps strangers out, tried on it by strangers: what a version of Deno does
 * with certificates is not believed but seen.
 *
 * @module
 */

import "./x509.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { proveToListener } from "./handshake/dialler_proof.ts";
import { HandshakeError, whyHandshakeFailed } from "./handshake/handshake_error.ts";
import { HANDSHAKE_VERSION, KEY_ALGORITHM, readVerdict } from "./handshake/lines.ts";
import { type Credentials, tlsName } from "./identity.ts";
import { LineInput, LineInputError, writeLine } from "./handshake/line_input.ts";

const ANSWER_BYTES_MAX = 32 * 1024;
const ROGUE_MS = 60_000;

/** The listener that is checked. */
export interface CheckedListener {
  /** An address at which it can be reached from here. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** What it proves itself by. */
  readonly credentials: Credentials;
  /** Is told the address and port of each stranger before it says anything. */
  readonly coming: (from: string) => void;
}

/** Tries to get in; throws a {@linkcode HandshakeError} or {@linkcode LineInputError} else. */
type Stranger = (conn: Deno.Conn, listener: CheckedListener) => Promise<unknown>;

const STRANGERS: Readonly<Record<string, Stranger>> = {
  "that shows no certificate": (conn) => answerNothing(conn),
  "with a certificate of another authority": async (conn, { credentials }) => {
    const server = tlsName(credentials.identity);
    return await proveToListener(conn, { credentials: await rogueOf(credentials), server });
  },
  "with the certificate of somebody else": async (conn, { credentials }) => {
    const { key } = await rogueOf(credentials);
    const server = tlsName(credentials.identity);
    return await proveToListener(conn, { credentials: { ...credentials, key }, server });
  },
};

/**
 * Dials a listener as strangers do that must not get in.
 *
 * @throws {Error} when one of them gets in, or the listener can't be reached.
 */
export async function checkStrangers(listener: CheckedListener): Promise<void> {
  const tried = Object.keys(STRANGERS).map((who) => tryStranger(who, listener));
  const problems = (await Promise.all(tried)).filter((problem) => problem !== undefined);
  if (problems.length === 0) return;
  throw new Error(`Cannot trust port "${listener.port}" of this host: ${problems.join("; ")}`);
}

/** Says what is wrong with how a listener received a stranger; undefined when it refused it. */
async function tryStranger(who: string, listener: CheckedListener): Promise<string | undefined> {
  let conn: Deno.TlsConn | undefined;
  try {
    conn = await connect(listener);
    await STRANGERS[who]?.(conn, listener);
    return `a dialler ${who} gets in`;
  } catch (error) {
    if (error instanceof HandshakeError || error instanceof LineInputError) return undefined;
    return `a dialler ${who} was not refused, but: ${whyHandshakeFailed(error)}`;
  } finally {
    conn?.close();
  }
}

async function connect(listener: CheckedListener): Promise<Deno.TlsConn> {
  const { hostname, port, credentials: { authority, identity }, coming } = listener;
  const tcp = await Deno.connect({ hostname, port });
  tcp.setNoDelay(true);
  coming(`${tcp.localAddr.hostname}:${tcp.localAddr.port}`);
  return await Deno.startTls(tcp, { hostname: tlsName(identity), caCerts: [authority] });
}

async function answerNothing(conn: Deno.Conn): Promise<void> {
  const input = new LineInput(conn, ANSWER_BYTES_MAX);
  await input.next();
  await writeLine(conn, { type: "secureAnswer", version: HANDSHAKE_VERSION });
  const verdict = readVerdict(await input.next());
  if (typeof verdict === "string" || verdict.type === "secureRefusal") {
    throw new HandshakeError("it refuses this end");
  }
}

/** Makes credentials that look like the given ones, but another authority has issued them. */
async function rogueOf(credentials: Credentials): Promise<Credentials> {
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
  const { issuer } = new X509Certificate(credentials.certificate);
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${tlsName(credentials.identity)}`,
    issuer,
    notBefore: new Date(Date.now() - ROGUE_MS),
    notAfter: new Date(Date.now() + ROGUE_MS),
    signingAlgorithm: KEY_ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([{ type: "dns", value: tlsName(credentials.identity) }]),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    ...credentials,
    certificate: certificate.toString("pem"),
    key: PemConverter.encode(key, "PRIVATE KEY"),
  };
}
