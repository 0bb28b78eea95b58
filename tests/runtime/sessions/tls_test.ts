import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openSessionAuthority } from "../../../runtime/agent/session_authority.ts";
import { heartbeatMsOf } from "../../../runtime/sessions/wires/heartbeat.ts";
import type { DialOptions } from "../../../runtime/sessions/dial.ts";
import { SecureWires } from "../../../runtime/sessions/wires/secure_wires.ts";
import type { ServeOptions } from "../../../runtime/sessions/serve.ts";
import {
  SESSION_LIMITS,
  type SessionHandler,
  SessionRefusedError,
} from "../../../runtime/sessions/session.ts";
import {
  countedStream,
  dial,
  HELLO,
  request,
  type RunningServer,
  startServer,
} from "./session_pair.ts";

const AUTHORITY = await openSessionAuthority();
const MEGABYTE = 1_000_000;

/** A server of instance 7 that shows a certificate, of its own unless it is told otherwise. */
async function startSecure(
  handler: SessionHandler,
  options: Partial<ServeOptions> & { certified?: number } = {},
): Promise<RunningServer> {
  const { certified = HELLO.destServiceID, ...more } = options;
  const wires = new SecureWires(await AUTHORITY.issue(certified));
  const running = startServer(handler, {
    ...more,
    secure: (connection) => wires.secure(connection),
  });
  return {
    ...running,
    async [Symbol.asyncDispose]() {
      wires.close();
      await running[Symbol.asyncDispose]();
    },
  };
}

function dialSecure(port: number, options: Partial<DialOptions> = {}) {
  return dial(port, { certificate: AUTHORITY.certificate, ...options });
}

Deno.test("dialSession() with a certificate opens a session like any other", async () => {
  await using running = await startSecure(async (request) => new Response(await request.text()));
  const session = await dialSecure(running.port);
  const texts = Array.from({ length: 50 }, (_, count) => `text ${count}`);
  const answers = await Promise.all(texts.map(async (body) => {
    return await (await session.fetch(request("/", { method: "POST", body }))).text();
  }));
  assertEquals(answers, texts);
  await session.close();
  await running.server.drain();
  assertEquals(running.closed, [{ status: 111, reason: "closed by the peer" }]);
  assertEquals([running.refusals, running.failures], [[], []]);
});

Deno.test("a body of a session by TLS arrives whole, and waits for its reader", async () => {
  const { stream, produced } = countedStream(20 * MEGABYTE, 50_000);
  await using running = await startSecure(() => new Response(stream));
  const session = await dialSecure(running.port);
  const answer = await session.fetch(request("/"));
  const reader = answer.body?.getReader();
  let arrived = 0;
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    arrived += read.value.length;
    const ahead = produced() - arrived;
    assertEquals(ahead < 2 * MEGABYTE, true, `${ahead} bytes were taken before they were wanted`);
  }
  assertEquals(arrived, 20 * MEGABYTE);
  await session.close();
});

Deno.test("a body of a request by TLS arrives whole", async () => {
  await using running = await startSecure(async (request) => {
    return new Response(String((await request.arrayBuffer()).byteLength));
  });
  const session = await dialSecure(running.port);
  const { stream: body } = countedStream(5 * MEGABYTE, 50_000);
  const answer = await session.fetch(request("/", { method: "PUT", body }));
  assertEquals(await answer.text(), String(5 * MEGABYTE));
  await session.close();
});

Deno.test("dialSession() takes no instance that shows the certificate of another", async () => {
  await using running = await startSecure(() => new Response(), { certified: 8 });
  const error = await assertRejects(() => dialSecure(running.port), SessionRefusedError);
  assertStringIncludes(error.reason, "invalid peer certificate");
  assertEquals(running.opened, []);
});

Deno.test("dialSession() takes no instance of another authority", async () => {
  await using running = await startSecure(() => new Response());
  const { certificate } = await openSessionAuthority();
  const dialling = () => dialSecure(running.port, { certificate });
  const error = await assertRejects(dialling, SessionRefusedError);
  assertStringIncludes(error.reason, "invalid peer certificate");
});

Deno.test("dialSession() by TLS sends nothing to who does not speak it", async () => {
  await using running = startServer(() => new Response());
  await assertRejects(() => dialSecure(running.port), SessionRefusedError);
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialling = dialSecure(silent.addr.port, { connectTimeoutMs: 30 });
  using _peer = await silent.accept();
  await assertRejects(() => dialling, SessionRefusedError, "no session within 30 ms");
});

Deno.test("serveSessions() by TLS sends away who does not speak it, and goes on", async () => {
  await using running = await startSecure(() => new Response("hello"));
  await assertRejects(() => dial(running.port), SessionRefusedError);
  const session = await dialSecure(running.port);
  assertEquals(await (await session.fetch(request("/"))).text(), "hello");
  await session.close();
});

Deno.test("serveSessions() by TLS tells why it refuses", async () => {
  const refusalOf = (): Promise<string> => Promise.resolve("there is no room");
  await using running = await startSecure(() => new Response(), { refusalOf });
  const error = await assertRejects(() => dialSecure(running.port), SessionRefusedError);
  assertEquals(error.reason, "there is no room");
});

Deno.test("serveSessions() by TLS ends a handshake that takes too long", async () => {
  await using running = await startSecure(() => new Response(), { handshakeTimeoutMs: 20 });
  for (const says of [new Uint8Array(0), Uint8Array.of(0x16, 0x03, 0x01)]) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: running.port });
    if (says.length > 0) await connection.write(says);
    await new Response(connection.readable).text().catch(() => {});
  }
  await running.server.drain();
  assertEquals(running.refusals, ["no TLS within 20 ms", "no TLS within 20 ms"]);
});

Deno.test("serveSessions() by TLS lets newcomers in through half handshakes", async () => {
  await using running = await startSecure(() => new Response("hello"), {
    handshakeTimeoutMs: 60_000,
  });
  const before = await dialSecure(running.port);
  const halves: Deno.Conn[] = [];
  for (let count = 0; count < SESSION_LIMITS.handshakes + 20; count++) {
    const half = await Deno.connect({ hostname: "127.0.0.1", port: running.port });
    await half.write(Uint8Array.of(0x16, 0x03, 0x01));
    halves.push(half);
  }
  const after = await dialSecure(running.port, { hello: { ...HELLO, sourcePlug: 8 } });
  for (const session of [before, after]) {
    assertEquals(await (await session.fetch(request("/"))).text(), "hello");
    await session.close();
  }
  assertStringIncludes(running.refusals.join(), "newer connections");
  for (const half of halves) half.close();
});

Deno.test("heartbeatMsOf() is patient on one machine, and notices a lost host in 9 s", () => {
  for (const same of ["127.0.0.1", "127.3.2.1", "localhost", "::1", "::ffff:127.0.0.1"]) {
    assertEquals(heartbeatMsOf(same), 20_000, same);
  }
  for (const other of ["10.77.0.2", "fd00::1", "a1.example.com", "128.0.0.1"]) {
    assertEquals(4 * heartbeatMsOf(other), 9_000, other);
    assertEquals(3 * heartbeatMsOf(other) > 6_000, true, "what is busy for 3 s is not lost");
  }
});
