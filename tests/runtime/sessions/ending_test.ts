import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { FrameWriter } from "../../../runtime/sessions/frames/frame_writer.ts";
import {
  type Session,
  SESSION_LIMITS,
  SessionBrokenError,
  SessionRefusedError,
} from "../../../runtime/sessions/session.ts";
import { bytesOf, dial, HELLO, request, startServer, startSession } from "./session_pair.ts";

/** A handler that says when it was called, and answers when it is told to. */
function gate() {
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  return {
    started: started.promise,
    release: release.resolve,
    async handler() {
      started.resolve();
      await release.promise;
      return new Response("finished");
    },
  };
}

Deno.test("Session.close() finishes what is in flight and refuses what is new", async () => {
  const { started, release, handler } = gate();
  await using running = await startSession(handler);
  const { session, server } = running;
  const answer = session.fetch(request("/"));
  await started;
  const closed = session.close();
  await assertRejects(() => session.fetch(request("/")), SessionRefusedError, "closing");
  release();
  assertEquals(await (await answer).text(), "finished");
  await closed;
  assertEquals(await session.ended, { status: 111, reason: "closed by the dialling end" });
  await assertRejects(() => session.fetch(request("/")), SessionRefusedError, "ended");
  await server.drain();
  assertEquals(running.closed, [{ status: 111, reason: "closed by the peer" }]);
});

Deno.test("SessionServer.drain() finishes what is in flight, refuses what is new", async () => {
  const { started, release, handler } = gate();
  await using running = await startSession(handler);
  const { session, server } = running;
  const answer = session.fetch(request("/"));
  await started;
  const drained = server.drain();
  // Requests that the server sees after its goAway come back, until the goAway has come here.
  await assertRejects(() => session.fetch(request("/")), SessionRefusedError);
  await assertRejects(() => session.fetch(request("/")), SessionRefusedError);
  await assertRejects(() => dial(running.port), SessionRefusedError);
  assertEquals([session.inFlight, server.inFlight, server.sessions], [1, 1, 1]);
  release();
  assertEquals(await (await answer).text(), "finished");
  await drained;
  assertEquals((await session.ended).status, 111);
  assertEquals(running.closed, [{ status: 111, reason: "the instance is shutting down" }]);
  assertEquals(server.sessions, 0);
});

Deno.test("SessionServer.drain() waits for bodies in both directions", async () => {
  await using running = await startSession(({ body }) => new Response(body));
  const { session, server } = running;
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const response = await session.fetch(request("/", { method: "POST", body: readable }));
  const drained = server.drain();
  const writer = writable.getWriter();
  const answer = response.text();
  for (const word of ["more ", "than ", "before"]) {
    await writer.write(bytesOf(word));
  }
  await writer.close();
  assertEquals(await answer, "more than before");
  await drained;
  assertEquals((await session.ended).status, 111);
});

Deno.test("SessionServer.drain() of an idle server ends at once, twice as well", async () => {
  await using running = await startSession(() => new Response());
  await Promise.all([running.server.drain(), running.server.drain()]);
  assertEquals((await running.session.ended).status, 111);
});

Deno.test("SessionHandle.close() of the accepting end closes one session only", async () => {
  await using running = startServer(() => new Response("fine"));
  const first = await dial(running.port);
  const second = await dial(running.port, { hello: { ...HELLO, sourcePlug: 4 } });
  assertEquals(running.opened, [first.hello, second.hello]);
  await running.handles[0]?.close();
  assertEquals(await first.ended, { status: 111, reason: "closed by the peer" });
  await assertRejects(() => first.fetch(request("/")), SessionRefusedError);
  assertEquals(await (await second.fetch(request("/"))).text(), "fine");
  await second.close();
});

Deno.test("Session.abort() breaks what is in flight and aborts the handlers", async () => {
  const aborted = Promise.withResolvers<unknown>();
  await using running = await startSession(({ signal }) => {
    signal.addEventListener("abort", () => aborted.resolve(signal.reason));
    return new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(9)) }));
  });
  const { session } = running;
  const response = await session.fetch(request("/"));
  session.abort("no patience");
  await assertRejects(() => response.bytes(), SessionBrokenError, "no patience");
  assertEquals(await session.ended, { status: 111, reason: "no patience" });
  assertMatch(String(await aborted.promise), /SessionBrokenError/);
  assertEquals([session.inFlight, running.failures.length], [0, 0]);
});

Deno.test("SessionServer.abort() rejects every exchange with SessionBrokenError", async () => {
  const { started, handler, release } = gate();
  await using running = await startSession(handler);
  const answers = Array.from({ length: 20 }, () => running.session.fetch(request("/")));
  const rejections = answers.map((answer) => {
    return assertRejects(() => answer, SessionBrokenError, "the roof is on fire");
  });
  await started;
  running.server.abort("the roof is on fire");
  await Promise.all(rejections);
  assertEquals(await running.session.ended, {
    status: 122,
    reason: "the peer: the roof is on fire",
  });
  await running.server.ended;
  release();
});

Deno.test("a peer that is killed in mid-response breaks the body", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialling = dial(listener.addr.port);
  const peer = await listener.accept();
  const frames = new FrameWriter();
  frames.welcome();
  await peer.write(frames.take());
  const session = await dialling;
  const answer = session.fetch(request("/"));
  const unanswered = session.fetch(request("/unanswered"));
  frames.response(1, ["200", "content-type", "text/plain"], false);
  frames.data(1, new TextEncoder().encode("half of it"), false);
  await peer.write(frames.take());
  const reader = (await answer).body?.getReader();
  assertEquals(new TextDecoder().decode((await reader?.read())?.value), "half of it");
  peer.close();
  await assertRejects(async () => await reader?.read(), SessionBrokenError);
  await assertRejects(() => unanswered, SessionBrokenError);
  assertEquals((await session.ended).status, 122);
  assertEquals(session.inFlight, 0);
});

Deno.test("a peer that gives no sign of life breaks the session", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialling = dial(listener.addr.port, { keepAliveMs: 20 });
  using peer = await listener.accept();
  const frames = new FrameWriter();
  frames.welcome();
  await peer.write(frames.take());
  const session = await dialling;
  await assertRejects(() => session.fetch(request("/")), SessionBrokenError, "no sign of life");
  assertEquals((await session.ended).status, 122);
});

Deno.test("ping keeps a session alive that has nothing to say", async () => {
  const { started, release, handler } = gate();
  await using running = startServer(handler);
  const session = await dial(running.port, { keepAliveMs: 10 });
  const answer = session.fetch(request("/"));
  await started;
  // Ten intervals pass, by the clock of the same timers.
  let intervals = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (++intervals < 10) return;
      clearInterval(timer);
      resolve();
    }, 10);
  });
  release();
  assertEquals(await (await answer).text(), "finished");
  await session.close();
});

Deno.test("dialSession() is refused by another instance than the one it means", async () => {
  await using running = startServer(() => new Response());
  const hello = { ...HELLO, destServiceID: 8 };
  const error = await assertRejects(() => dial(running.port, { hello }), SessionRefusedError);
  assertEquals(error.reason, "this is not instance 8");
  assertEquals(running.opened, []);
  await running.server.drain();
  assertEquals(running.refusals, ["this is not instance 8"]);
});

Deno.test("dialSession() is refused where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assertRejects(() => dial(port), SessionRefusedError, `dial "127.0.0.1:${port}"`);
});

Deno.test("dialSession() is refused when the peer says nothing in time", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialling = dial(listener.addr.port, { connectTimeoutMs: 30 });
  using _peer = await listener.accept();
  await assertRejects(() => dialling, SessionRefusedError, "no session within 30 ms");
});

Deno.test("dialSession() is refused by what is no session server", async () => {
  await using web = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(),
  );
  await assertRejects(() => dial(web.addr.port), SessionRefusedError);
});

Deno.test("dialSession() throws a RangeError for ids that no frame can carry", async () => {
  const hello = { ...HELLO, serviceID: 1.5 };
  await assertRejects(() => dial(1, { hello }), RangeError);
});

Deno.test("serveSessions() sends garbage away with a reason, and goes on", async () => {
  await using running = startServer(() => new Response("fine"));
  for (const garbage of ["GET / HTTP/1.1\r\n\r\n", "\0".repeat(100_000), "\0\0\0\x19\x01"]) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: running.port });
    await connection.write(new TextEncoder().encode(garbage));
    await connection.closeWrite();
    // A reset instead of a goodbye is fine too: the server had not read all of it.
    await new Response(connection.readable).text().catch(() => {});
  }
  const session = await dial(running.port);
  assertEquals(await (await session.fetch(request("/"))).text(), "fine");
  await session.close();
  await running.server.drain();
  assertEquals(running.refusals.length, 3);
  assertStringIncludes(running.refusals.join(), "malformed frames: ");
  assertEquals(running.failures, []);
});

Deno.test("serveSessions() closes a connection that says nothing within the deadline", async () => {
  await using running = startServer(() => new Response(), { handshakeTimeoutMs: 20 });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: running.port });
  const goodbye = await new Response(connection.readable).text();
  assertStringIncludes(goodbye, "no hello within 20 ms");
  await running.server.drain();
  assertEquals(running.refusals, ["no hello within 20 ms"]);
});

Deno.test("serveSessions() accepts no more sessions than its limit", async () => {
  await using running = startServer(() => new Response());
  const sessions: Session[] = [];
  while (sessions.length < SESSION_LIMITS.sessions) {
    const some = Array.from(
      { length: 100 },
      () => dial(running.port, { connectTimeoutMs: 60_000 }),
    );
    sessions.push(...await Promise.all(some));
  }
  assertEquals(running.server.sessions, SESSION_LIMITS.sessions);
  const reason = `${SESSION_LIMITS.sessions} sessions are open`;
  const refusal = await assertRejects(() => dial(running.port), SessionRefusedError, reason);
  assertEquals(refusal.isByPeer, true);
  assertEquals(running.refusals, [reason]);
  await sessions.pop()?.close();
  sessions.push(await dial(running.port));
  await Promise.all(sessions.map((session) => session.close()));
});
