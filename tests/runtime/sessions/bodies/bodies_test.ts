import { assert, assertEquals, assertLessOrEqual, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { IncomingBody } from "../../../../runtime/sessions/bodies/incoming_body.ts";
import { OutgoingBody } from "../../../../runtime/sessions/bodies/outgoing_body.ts";
import { FrameWriter } from "../../../../runtime/sessions/frames/frame_writer.ts";
import { FrameError } from "../../../../runtime/sessions/frames/frames.ts";
import { SESSION_LIMITS } from "../../../../runtime/sessions/session.ts";
import { countedStream, request, startSession } from "../session_pair.ts";

const MIB = 1_048_576;
const PIECE = 65_536;

/**
 * What a source may be ahead of its reader: the window, the piece that waits for it and the one
 * read ahead of that.
 */
const AHEAD = SESSION_LIMITS.windowBytes + 2 * PIECE;

/** What one end may hold: a window, a batch and a spare piece on the way out, a partial frame. */
const HELD = SESSION_LIMITS.windowBytes + SESSION_LIMITS.writeBytes + 4 * PIECE;

Deno.test("a slow reader of a response stops its writer, and starves nobody", async () => {
  const total = 64 * MIB;
  const source = countedStream(total, PIECE);
  await using running = await startSession(({ url }) => {
    return new Response(url.endsWith("/large") ? source.stream : "small");
  });
  const { session, server } = running;
  const response = await session.fetch(request("/large"));
  let consumed = 0;
  for await (const piece of response.body ?? []) {
    consumed += piece.length;
    // Small exchanges pass while the large body waits for its reader.
    if (consumed % (8 * MIB) === 0) {
      for (let turn = 0; turn < 20; turn++) {
        assertEquals(await (await session.fetch(request("/small"))).text(), "small");
      }
    }
    assertLessOrEqual(source.produced() - consumed, AHEAD);
    assertLessOrEqual(session.bufferedBytes, HELD);
    assertLessOrEqual(server.bufferedBytes, HELD);
  }
  assertEquals(consumed, total);
  assertEquals([session.bufferedBytes, server.bufferedBytes], [0, 0]);
});

Deno.test("a slow reader of a request stops its writer", async () => {
  const total = 64 * MIB;
  const source = countedStream(total, PIECE);
  const most = { ahead: 0, session: 0, server: 0 };
  await using running = await startSession(async ({ body, url }) => {
    if (url.endsWith("/small")) return new Response("small");
    let consumed = 0;
    for await (const piece of body ?? []) {
      consumed += piece.length;
      if (consumed % (8 * MIB) === 0) {
        for (let turn = 0; turn < 20; turn++) await (await session.fetch(request("/small"))).text();
      }
      most.ahead = Math.max(most.ahead, source.produced() - consumed);
      most.session = Math.max(most.session, session.bufferedBytes);
      most.server = Math.max(most.server, server.bufferedBytes);
    }
    return new Response(String(consumed));
  });
  const { session, server } = running;
  const init = { method: "POST", body: source.stream };
  const response = await session.fetch(request("/large", init));
  assertEquals(await response.text(), String(total));
  assertLessOrEqual(most.ahead, AHEAD);
  assertLessOrEqual(most.session, HELD);
  assertLessOrEqual(most.server, HELD);
  assertEquals([session.bufferedBytes, server.bufferedBytes], [0, 0]);
});

Deno.test("64 MiB echoed while it is sent arrive whole and in order", async () => {
  const total = 64 * MIB;
  const source = countedStream(total, PIECE);
  await using running = await startSession(({ body }) => new Response(body));
  const { session, server } = running;
  const init = { method: "POST", body: source.stream };
  const response = await session.fetch(request("/", init));
  let consumed = 0;
  let next = 0;
  for await (const piece of response.body ?? []) {
    // The source writes its offset at the start of every piece of its own.
    while (next < consumed + piece.length) {
      assertEquals(new DataView(piece.buffer).getUint32(next - consumed), next);
      next += PIECE;
    }
    consumed += piece.length;
    assertLessOrEqual(session.bufferedBytes, 2 * HELD);
    assertLessOrEqual(server.bufferedBytes, 2 * HELD);
  }
  assertEquals(consumed, total);
  assertEquals([session.inFlight, server.inFlight], [0, 0]);
});

Deno.test("bodies that nobody reads hold no more than their first windows", async () => {
  await using running = await startSession(() => {
    return new Response(countedStream(10 * MIB, PIECE).stream);
  });
  const { session } = running;
  const responses = await Promise.all(Array.from({ length: 100 }, () => {
    return session.fetch(request("/"));
  }));
  assertLessOrEqual(session.bufferedBytes, 100 * SESSION_LIMITS.firstWindowBytes + HELD);
  await Promise.all(responses.map(({ body }) => body?.cancel()));
  assertEquals(session.inFlight, 0);
  assertLessOrEqual(session.bufferedBytes, HELD);
});

Deno.test("IncomingBody grants the shared window to readers, within its bound", () => {
  const sizes = fc.array(fc.tuple(fc.nat({ max: 199 }), fc.integer({ min: 1, max: PIECE })), {
    maxLength: 400,
  });
  return fc.assert(
    fc.asyncProperty(sizes, async (steps) => {
      const windows = { granted: 0, buffered: 0 };
      const senders = Array.from({ length: 200 }, () => openIncoming(windows));
      const bound = SESSION_LIMITS.sharedWindowBytes + SESSION_LIMITS.windowBytes +
        senders.length * SESSION_LIMITS.firstWindowBytes;
      for (const [who, size] of steps) {
        const sender = senders[who];
        assert(sender !== undefined);
        const bytes = Math.min(size, sender.credit());
        if (bytes > 0) sender.push(bytes);
        if (bytes > 0 && size % 2 === 0) await sender.read();
        assertLessOrEqual(windows.granted, bound);
        assertLessOrEqual(windows.buffered, windows.granted);
      }
      for (const { body } of senders) body.end();
      assertEquals(windows, { granted: 0, buffered: 0 });
    }),
    { numRuns: 30 },
  );
});

Deno.test("IncomingBody refuses a piece over the window, or after the end", () => {
  const sender = openIncoming({ granted: 0, buffered: 0 });
  sender.push(SESSION_LIMITS.firstWindowBytes);
  assertThrows(() => sender.body.push(new Uint8Array(1)), FrameError, "over its window");
  const ended = openIncoming({ granted: 0, buffered: 0 });
  ended.body.end();
  assertThrows(() => ended.body.push(new Uint8Array(1)), FrameError, "after its end");
});

Deno.test("IncomingBody that fails errors its reader and forgets what it held", async () => {
  const windows = { granted: 0, buffered: 0 };
  const { body, push, read } = openIncoming(windows);
  push(1_000);
  body.fail(new Error("gone"));
  await assertRejects(() => read(), Error, "gone");
  assertEquals(windows, { granted: 0, buffered: 0 });
});

Deno.test("OutgoingBody sends no more than its window allows", async () => {
  const frames = new FrameWriter();
  const body = new OutgoingBody(1, () => {});
  const piece = new Uint8Array(2 * SESSION_LIMITS.firstWindowBytes);
  const sent = body.send(ReadableStream.from([piece]).getReader());
  await turns();
  while (body.take(frames));
  assertEquals(body.bufferedBytes, SESSION_LIMITS.firstWindowBytes);
  assertThrows(() => body.allow(SESSION_LIMITS.windowBytes + 1), FrameError, "too large");
  body.stop("enough");
  await sent;
});

/** Lets everything that waits for nothing but microtasks go on. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await null;
}

function openIncoming(windows: { granted: number; buffered: number }) {
  let credit: number = SESSION_LIMITS.firstWindowBytes;
  const body = new IncomingBody(windows, {
    grant: (bytes) => void (credit += bytes),
    cancelled() {},
  });
  const reader = body.stream.getReader();
  return {
    body,
    credit: () => credit,
    push(bytes: number) {
      credit -= bytes;
      body.push(new Uint8Array(bytes));
    },
    read: () => reader.read(),
  };
}
