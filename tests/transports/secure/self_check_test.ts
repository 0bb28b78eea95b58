import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { checkStrangers } from "../../../transports/secure/self_check.ts";
import { MANAGER_CREDENTIALS } from "./certificates.ts";
import { Door } from "./secure_pair.ts";

Deno.test("selfCheck() passes where strangers are refused, and is no news", async () => {
  const door = new Door();
  await door.listener.selfCheck();
  assertEquals([door.peers.all, door.refusals.all], [[], []]);
  // Who comes afterwards is news again.
  const tls = await door.connectTls();
  tls.close();
  await door.refusals.at(0);
  door.listener.close();
});

Deno.test("selfCheck() reaches a listener of all addresses", async () => {
  const door = new Door({ hostname: "0.0.0.0" });
  await door.listener.selfCheck();
  door.listener.close();
});

/** Listens as one that lets everybody in, or as one that closes without a word. */
function carelessListener(lines: readonly unknown[]): { port: number; close(): void } {
  const { certificate: cert, key } = MANAGER_CREDENTIALS;
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const serve = async (conn: Deno.TlsConn) => {
    for (const line of lines) {
      await conn.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
    }
    const buffer = new Uint8Array(16 * 1024);
    while (await conn.read(buffer) !== null) {
      // It reads and believes whatever comes.
    }
    conn.close();
  };
  (async () => {
    for await (const conn of listener) serve(conn).catch(() => conn.close());
  })();
  return { port: listener.addr.port, close: () => listener.close() };
}

const CHALLENGE = { type: "secureChallenge", version: 1, nonce: "A".repeat(43) + "=" };

function check(port: number): Promise<void> {
  const credentials = MANAGER_CREDENTIALS;
  return checkStrangers({ hostname: "127.0.0.1", port, credentials, coming: () => {} });
}

Deno.test("checkStrangers() throws for a listener that lets everybody in", async () => {
  const listener = carelessListener([CHALLENGE, { type: "secureWelcome" }]);
  const error = await assertRejects(() => check(listener.port), Error);
  assertStringIncludes(error.message, `Cannot trust port "${listener.port}" of this host`);
  assertStringIncludes(error.message, "a dialler that shows no certificate gets in");
  assertStringIncludes(error.message, "a dialler with a certificate of another authority gets in");
  assertStringIncludes(error.message, "a dialler with the certificate of somebody else gets in");
  listener.close();
});

Deno.test("checkStrangers() throws when it cannot try", async () => {
  const door = new Door();
  const { port } = door.listener;
  door.listener.close();
  const error = await assertRejects(() => check(port), Error);
  assertStringIncludes(error.message, "was not refused, but");
});
