import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { SecureDialOptions } from "../../../transports/secure/dialler.ts";
import type { Credentials } from "../../../transports/secure/identity.ts";
import { DialError } from "../../../transports/tcp.ts";
import {
  AGENT,
  AGENT_CREDENTIALS,
  AUTHORITY,
  credentialsOf,
  MANAGER,
  newAuthority,
  ROGUE_AUTHORITY,
} from "./certificates.ts";
import { Door } from "./secure_pair.ts";

/** Dials and is refused; returns what each side says about it. */
async function refusalOf(
  door: Door,
  options: Partial<SecureDialOptions>,
): Promise<{ dialler: string; listener: string }> {
  const error = await assertRejects(() => door.dial(options), DialError);
  const listener = await door.refusals.at(0);
  door.listener.close();
  assertEquals(door.peers.all, [], "nobody was let in");
  assertEquals(door.refusals.all.length, 1, "one refusal is told once");
  return { dialler: error.message, listener };
}

/** Dials with bad credentials: both sides say the same reason. */
async function assertRefused(credentials: Credentials, reason: string): Promise<void> {
  const door = new Door();
  const { dialler, listener } = await refusalOf(door, { credentials });
  assertStringIncludes(dialler, `Cannot connect to "127.0.0.1:${door.listener.port}"`);
  assertStringIncludes(dialler, `it refuses this end: ${reason}`);
  assertStringIncludes(listener, 'Cannot let "127.0.0.1:');
  assertStringIncludes(listener, `in: ${reason}`);
}

Deno.test("listenSecure() refuses an expired certificate and says its dates", async () => {
  const credentials = await credentialsOf(AGENT, { beginsInHours: -3, endsInHours: -2 });
  await assertRefused(credentials, "its certificate expired at 20");
});

Deno.test("listenSecure() refuses a certificate that is not valid yet", async () => {
  const credentials = await credentialsOf(AGENT, { beginsInHours: 1 });
  await assertRefused(credentials, "its certificate is not valid before 20");
});

Deno.test("listenSecure() refuses a certificate of another authority", async () => {
  const credentials = await credentialsOf(AGENT, { issuer: ROGUE_AUTHORITY });
  await assertRefused(
    credentials,
    "its certificate was not issued by the authority of this mesh",
  );
});

Deno.test("listenSecure() refuses a certificate that says no role, or two", async () => {
  const none = await credentialsOf(AGENT, { names: ["a1.example.com"] });
  await assertRefused(none, "its certificate names no role");
  const two = await credentialsOf(AGENT, { names: ["a1.agent.smmp", "manager.manager.smmp"] });
  await assertRefused(two, "its certificate names 2 roles");
  const odd = await credentialsOf(AGENT, { names: ["a1.instance.smmp"] });
  await assertRefused(odd, "its certificate names no role");
});

Deno.test("listenSecure() refuses a certificate without its key", async () => {
  const { key } = await credentialsOf(AGENT);
  await assertRefused(
    { ...AGENT_CREDENTIALS, key },
    "it does not hold the key of the certificate that it shows",
  );
});

Deno.test("listenSecure() refuses a dialler that shows no certificate", async () => {
  await assertRefused({ ...AGENT_CREDENTIALS, certificate: "" }, "it shows no certificate");
  await assertRefused({ ...AGENT_CREDENTIALS, certificate: "x" }, "its certificate");
  const { certificate } = AGENT_CREDENTIALS;
  const chain = { ...AGENT_CREDENTIALS, certificate: certificate + AUTHORITY.certificate };
  await assertRefused(chain, "its certificate is 2 certificates, expected one");
});

Deno.test("listenSecure() refuses the authority's own certificate as that of a role", async () => {
  const credentials = { ...AUTHORITY, authority: AUTHORITY.certificate, identity: AGENT };
  await assertRefused(credentials, "its certificate names no role");
});

Deno.test("listenSecure() lets nobody in when its authority expired", async () => {
  const old = await newAuthority({ beginsInHours: -9, endsInHours: -1 });
  const door = new Door({
    credentials: () => ({ ...AGENT_CREDENTIALS, authority: old.certificate }),
  });
  const expects = AGENT;
  const { dialler } = await refusalOf(door, { expects });
  assertStringIncludes(dialler, "cannot be judged: this mesh's authority expired at 20");
});

Deno.test("listenSecure() refuses whom its owner does not admit", async () => {
  const door = new Door({ admits: ({ role }) => role === "operator" ? undefined : `no ${role}s` });
  const { dialler, listener } = await refusalOf(door, {});
  assertStringIncludes(dialler, "it refuses this end: a1.agent.smmp may not come in: no agents");
  assertStringIncludes(listener, "in: a1.agent.smmp may not come in: no agents");
});

Deno.test("listenSecure() refuses what is over the number of its links", async () => {
  const door = new Door({ linksMax: 0 });
  const { dialler, listener } = await refusalOf(door, {});
  assertStringIncludes(dialler, "it refuses this end: 0 links are open already");
  assertStringIncludes(listener, "0 links are open already");
});

Deno.test("listenSecure() does not take a proof that was made for another listener", async () => {
  // The dialler believes that it dials the agent a2; a2 passes the manager's challenge on.
  const door = new Door();
  const a2 = await credentialsOf({ role: "agent", name: "a2" });
  const relay = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: a2.certificate,
    key: a2.key,
  });
  const relayed = (async () => {
    const [here, there] = await Promise.all([relay.accept(), door.connectTls()]);
    await Promise.all([pass(here, there), pass(there, here)]);
    for (const conn of [here, there]) conn.close();
  })();
  const error = await assertRejects(
    () => door.dial({ port: relay.addr.port, expects: { role: "agent", name: "a2" } }),
    DialError,
  );
  assertStringIncludes(error.message, "does not hold the key of the certificate");
  await relayed;
  assertEquals(door.peers.all, []);
  relay.close();
  door.listener.close();
});

/** Passes on what comes, until it ends. */
async function pass(source: Deno.Conn, dest: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(16 * 1024);
  try {
    for (;;) {
      const count = await source.read(buffer);
      if (count === null) break;
      await dest.write(buffer.subarray(0, count));
    }
    await dest.closeWrite();
  } catch {
    // One of the ends went away, which ends the other direction too.
  }
}

/** Dials a listener whose certificate TLS does not take. */
async function assertServerRefused(credentials: Credentials, reason: string): Promise<void> {
  const door = new Door({ credentials: () => credentials });
  const { dialler, listener } = await refusalOf(door, {});
  const name = 'its certificate does not prove that it is "manager.manager.smmp"';
  assertStringIncludes(dialler, `${name}: ${reason}`);
  assertStringIncludes(listener, "it does not accept the certificate of this end");
}

Deno.test("dialSecure() refuses a listener whose certificate it can't believe", async () => {
  const expired = await credentialsOf(MANAGER, { beginsInHours: -3, endsInHours: -2 });
  await assertServerRefused(expired, "certificate expired: verification time 20");
  const early = await credentialsOf(MANAGER, { beginsInHours: 1 });
  await assertServerRefused(early, "certificate not valid yet");
  const rogue = await credentialsOf(MANAGER, { issuer: ROGUE_AUTHORITY });
  await assertServerRefused(rogue, "it was not issued by the authority of this mesh");
  await assertServerRefused(AGENT_CREDENTIALS, "certificate not valid for name");
});

Deno.test("dialSecure() says that the other end does not speak TLS", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    const conn = await listener.accept();
    await conn.write(new TextEncoder().encode("220 ready\r\n"));
    conn.close();
  })();
  const door = new Door();
  const error = await assertRejects(() => door.dial({ port: listener.addr.port }), DialError);
  assertStringIncludes(error.message, "it does not speak TLS");
  await served;
  listener.close();
  door.listener.close();
});

Deno.test("dialSecure() gives up on a listener that says nothing", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const door = new Door();
  const error = await assertRejects(
    () => door.dial({ port: listener.addr.port, handshakeMs: 50 }),
    DialError,
  );
  assertStringIncludes(error.message, "no answer to the handshake within 50 ms");
  (await accepted).close();
  listener.close();
  door.listener.close();
});

Deno.test("dialSecure() says that nobody listens, or that the other end went away", async () => {
  const door = new Door();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const served = (async () => {
    for (let count = 0; count < 2; count++) (await listener.accept()).close();
    listener.close();
  })();
  const gone = await assertRejects(() => door.dial({ port }), DialError);
  assertStringIncludes(gone.message, "it closed the connection");
  listener.close();
  await served.catch(() => {});
  const refused = await assertRejects(() => door.dial({ port }), DialError);
  assertStringIncludes(refused.message, `Cannot connect to "127.0.0.1:${port}"`);
  door.listener.close();
});

Deno.test("listenSecure() says that a dialler does not speak TLS, or went away", async () => {
  const door = new Door();
  const plain = await door.connect();
  await plain.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  assertStringIncludes(await door.refusals.at(0), "it does not speak TLS");
  plain.close();
  (await door.connect()).close();
  assertStringIncludes(await door.refusals.at(1), "it closed the connection");
  const tls = await door.connectTls();
  tls.close();
  assertStringIncludes(await door.refusals.at(2), "it closed the connection");
  door.listener.close();
});
