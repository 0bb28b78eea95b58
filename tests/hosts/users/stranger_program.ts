/**
 * Somebody who wants to get in at a manager, with whatever it has. It prints what it came to.
 *
 * @module
 */

import { dialSecure } from "../../../transports/secure/dialler.ts";
import { superjsonCodec } from "../../../transports/superjson_codec.ts";

/** What it tries. */
export type Attempt =
  | {
    /** With certificates, good or bad. */
    readonly kind: "certificate";
    /** The authority that it believes, PEM. */
    readonly authority: string;
    /** Its own certificate, PEM. */
    readonly certificate: string;
    /** The key of it, PEM. */
    readonly key: string;
    /** What it says once it is in. */
    readonly says?: unknown;
  }
  | {
    /** With TLS and nothing else, without TLS, or with bytes of chance. */
    readonly kind: "tls" | "plain" | "garbage";
    /** The authority that it believes, PEM. */
    readonly authority: string;
  }
  | {
    /** With many connections by which it says nothing, until its input ends. */
    readonly kind: "flood";
    /** How many are kept open. */
    readonly count: number;
  };

const PORT = 7400;
const REGISTER = { type: "agentRegisterRequest", messageID: 1, agentName: "evil" };

/** Reads until the other end has closed; what came is text, if there was any. */
async function readAll(conn: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const bytes of conn.readable) text += decoder.decode(bytes, { stream: true });
    return text;
  } catch (error) {
    return `${text}${error}`;
  }
}

async function showCertificate(
  hostname: string,
  attempt: Extract<Attempt, { kind: "certificate" }>,
): Promise<string> {
  const { authority, certificate, key, says } = attempt;
  const credentials = {
    authority,
    certificate,
    key,
    identity: { role: "agent", name: "whoever" },
  } as const;
  const { promise, resolve } = Promise.withResolvers<string>();
  let heard = "";
  const expects = { role: "manager", name: "manager" } as const;
  try {
    const link = await dialSecure(
      { hostname, port: PORT, credentials, expects, codec: superjsonCodec },
      () => ({
        received: (value) => heard += JSON.stringify(value),
        malformed: (reason) => heard += reason,
        closed: (reason) => resolve(`${heard} closed: ${reason}`),
      }),
    );
    if (says !== undefined) link.send(says);
    return await promise;
  } catch (error) {
    return String(error);
  }
}

async function attemptOf(hostname: string, attempt: Attempt): Promise<string> {
  if (attempt.kind === "certificate") return await showCertificate(hostname, attempt);
  const tcp = await Deno.connect({ hostname, port: PORT });
  if (attempt.kind === "tls") {
    const caCerts = [attempt.authority];
    const conn = await Deno.startTls(tcp, { hostname: "manager.manager.smmp", caCerts });
    await conn.write(new TextEncoder().encode(`${JSON.stringify(REGISTER)}\n`));
    return await readAll(conn);
  }
  const bytes = attempt.kind === "plain"
    ? new TextEncoder().encode(`${JSON.stringify(REGISTER)}\n`)
    : crypto.getRandomValues(new Uint8Array(4_096));
  await tcp.write(bytes);
  return await readAll(tcp);
}

/** Keeps so many connections open: each that is closed is made again. */
async function flood(hostname: string, count: number): Promise<void> {
  let open = 0;
  const keep = async () => {
    for (;;) {
      try {
        const conn = await Deno.connect({ hostname, port: PORT });
        open += 1;
        if (open === count) console.log("flooding");
        await readAll(conn);
      } catch {
        // A listener may close its door for a moment; a flood does not mind.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  };
  for (let one = 0; one < count; one += 1) void keep();
  for await (const _ of Deno.stdin.readable) { /* Until there is nobody who wants it. */ }
}

if (import.meta.main) {
  const [hostname = "", text = ""] = Deno.args;
  const attempt: Attempt = JSON.parse(text);
  if (attempt.kind === "flood") await flood(hostname, attempt.count);
  else console.log(JSON.stringify({ kind: "outcome", text: await attemptOf(hostname, attempt) }));
  Deno.exit(0);
}
