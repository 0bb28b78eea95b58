import { assertEquals, assertLess, assertRejects } from "@std/assert";
import fc from "fast-check";
import { openSession } from "../../../runtime/sessions/dialled_session.ts";
import { FrameWriter } from "../../../runtime/sessions/frames/frame_writer.ts";
import { AcceptedSession } from "../../../runtime/sessions/accept.ts";
import {
  SESSION_LIMITS,
  SessionBrokenError,
  type SessionHandler,
  SessionRefusedError,
} from "../../../runtime/sessions/session.ts";
import { MemoryWire } from "./memory_wire.ts";
import { HELLO, request } from "./session_pair.ts";

function accept(wire: MemoryWire, handler: SessionHandler): AcceptedSession {
  return new AcceptedSession(wire, { serviceID: HELLO.destServiceID, handler, events: {} });
}

/** Greets the accepting end by hand, and gives what writes to it. */
async function intrude(handler: SessionHandler = () => new Response("fine")) {
  const [wire, far] = MemoryWire.pair();
  const session = accept(far, handler);
  const frames = new FrameWriter();
  frames.hello(HELLO);
  await wire.write(frames.take());
  return { session, wire, frames };
}

/** Everything a peer may do, in any order, with any numbers. */
const deed: fc.Arbitrary<(frames: FrameWriter) => unknown> = fc.tuple(
  fc.nat({ max: 12 }),
  fc.integer({ min: 0, max: 6 }),
  fc.boolean(),
  fc.uint8Array({ maxLength: 50 }),
).map(([type, id, end, bytes]) => (frames) => {
  const text = new TextDecoder().decode(bytes);
  const method = id % 2 === 0 ? "GET" : "POST";
  switch (type) {
    case 0:
    case 1:
    case 2:
      return frames.request(id, [method, `http://a/${id}`, "x-a", "1"], end);
    case 3:
      return frames.request(id, [text, text, text, text], end);
    case 4:
      return frames.response(id, ["200"], end);
    case 5:
    case 6:
      return frames.data(id, bytes, end);
    case 7:
      return frames.credit(id, bytes.length * 1_000);
    case 8:
      return frames.stop(id);
    case 9:
      return frames.reset(id, bytes.length, text);
    case 10:
      return frames.ping();
    case 11:
      return frames.goAway(text);
    default:
      return frames.welcome();
  }
});

Deno.test("AcceptedSession survives whatever frames a peer sends, and ends", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(deed, { maxLength: 30 }),
      fc.integer({ min: 1, max: 200 }),
      async (deeds, readBytes) => {
        const [wire, far] = MemoryWire.pair();
        far.readBytes = readBytes;
        const session = accept(far, ({ body }) => new Response(body));
        const frames = new FrameWriter();
        frames.hello(HELLO);
        for (const act of deeds) act(frames);
        await wire.write(frames.take());
        await wire.closeWrite();
        const { reason } = await session.ended;
        assertEquals(session.inFlight, 0);
        assertLess(reason.length, SESSION_LIMITS.reasonBytes);
        // A fault of this code would show as the reason of a broken link.
        assertEquals(/malformed frames: |^the peer closed|^closed by/.test(reason), true, reason);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("the dialling end survives whatever frames a peer sends, and ends", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 30 }), async (deeds) => {
      const [wire, far] = MemoryWire.pair();
      const frames = new FrameWriter();
      frames.welcome();
      await wire.write(frames.take());
      const session = await openSession(far, { hello: HELLO });
      const answers = Array.from({ length: 5 }, async (_, n) => {
        const init = n % 2 === 0 ? {} : { method: "POST", body: "text" };
        return await (await session.fetch(request("/", init))).text();
      });
      for (const act of deeds) act(frames);
      await wire.write(frames.take());
      await wire.closeWrite();
      await Promise.allSettled(answers);
      const { reason } = await session.ended;
      assertEquals(session.inFlight, 0);
      assertEquals(/malformed frames: |^the peer closed|^closed by/.test(reason), true, reason);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a session over any splitting of the bytes gives the same answers", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.string({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 8 }),
      async (there, back, bodies) => {
        const [near, far] = MemoryWire.pair();
        [near.readBytes, far.readBytes] = [back, there];
        const accepted = accept(far, async (request) => new Response(await request.text()));
        const session = await openSession(near, { hello: HELLO });
        const answers = await Promise.all(bodies.map(async (body) => {
          return await (await session.fetch(request("/", { method: "POST", body }))).text();
        }));
        assertEquals(answers, bodies);
        await session.close();
        assertEquals((await accepted.ended).status, 111);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("what is said in one turn leaves in one write", async () => {
  const [near, far] = MemoryWire.pair();
  accept(far, () => Response.json({ ok: true }));
  const session = await openSession(near, { hello: HELLO });
  const before = [near.written.length, far.written.length];
  const answers = await Promise.all(Array.from({ length: 50 }, () => session.fetch(request("/"))));
  for (const answer of answers) await answer.text();
  assertEquals([near.written.length, far.written.length], before.map((count) => count + 1));
  await session.close();
});

Deno.test("a peer that sends a body over the window is sent away", async () => {
  const { session, wire, frames } = await intrude(() => new Promise<never>(() => {}));
  frames.request(1, ["POST", "http://a/"], false);
  frames.data(1, new Uint8Array(SESSION_LIMITS.dataBytes), false);
  frames.data(1, new Uint8Array(1), false);
  await wire.write(frames.take());
  assertEquals(await session.ended, {
    status: 122,
    reason: "malformed frames: a body is over its window",
  });
});

Deno.test("a peer that opens exchanges without end is refused, not served", async () => {
  let handled = 0;
  const { session, wire, frames } = await intrude(() => {
    handled++;
    return new Promise<never>(() => {});
  });
  for (let id = 1; id <= 3 * SESSION_LIMITS.exchanges; id++) {
    frames.request(id, ["GET", "http://a/"], true);
    frames.reset(id, 1, "");
  }
  frames.goAway("");
  await wire.write(frames.take());
  await wire.closeWrite();
  await session.ended;
  assertEquals(handled, SESSION_LIMITS.exchanges);
});

Deno.test("a peer that asks without reading is sent away when too much waits", async () => {
  const { session, wire, frames } = await intrude();
  wire.stalled = true;
  // Every ping asks for a pong, which is as long.
  while (frames.length < 1.2 * SESSION_LIMITS.queuedBytes) frames.ping();
  await wire.write(frames.take());
  assertEquals(await session.ended, { status: 122, reason: "the peer does not read" });
});

Deno.test("a head that is no request is answered with 400", async () => {
  const [near, far] = MemoryWire.pair();
  const accepted = accept(near, () => new Response("fine"));
  const frames = new FrameWriter();
  frames.hello(HELLO);
  frames.request(1, ["TRACE", "http://a/"], true);
  frames.request(2, ["GET", "not a URL"], true);
  frames.request(3, ["GET", "file:///etc/passwd"], true);
  frames.request(4, ["GET", "http://a/", "bad name", "1"], true);
  frames.request(5, ["GET", "http://a/"], false);
  await far.write(frames.take());
  const buffer = new Uint8Array(10_000);
  let text = "";
  while (text.split("malformed").length < 6) {
    text += new TextDecoder().decode(buffer.subarray(0, await far.read(buffer) ?? 0));
  }
  assertEquals(text.match(/400\0/g)?.length, 5);
  accepted.abort("the test is over");
  await accepted.ended;
});

Deno.test("large answers leave before all that was asked with them is handled", async () => {
  const body = new Uint8Array(60_000);
  const batches: number[] = [];
  const [wire, far] = MemoryWire.pair();
  const session = accept(far, () => {
    batches.push(far.written.length);
    return new Response(body);
  });
  const frames = new FrameWriter();
  frames.hello(HELLO);
  await wire.write(frames.take());
  await wire.read(new Uint8Array(1_000));
  const ask = async (from: number, to: number) => {
    for (let id = from; id <= to; id++) frames.request(id, ["GET", "http://a/"], true);
    await wire.write(frames.take());
    while (batches.length < to) await wire.read(new Uint8Array(1_000_000));
  };
  // The first one shows that answers are large; all others are 23 batches.
  await ask(1, 1);
  while (far.written.length < 2) await wire.read(new Uint8Array(1_000_000));
  await ask(2, 100);
  assertLess(10, batches.at(-1) ?? 0);
  session.abort("the test is over");
});

Deno.test("a link that breaks while a write is under way breaks the session", async () => {
  const [near, far] = MemoryWire.pair();
  accept(far, () => new Promise<never>(() => {}));
  const session = await openSession(near, { hello: HELLO });
  far.stalled = true;
  const answer = session.fetch(request("/"));
  await far.stalling.promise;
  far.close();
  await assertRejects(() => answer, SessionBrokenError);
  assertEquals((await session.ended).status, 122);
});

Deno.test("a link that breaks before a request leaves has refused it", async () => {
  const [near, far] = MemoryWire.pair();
  accept(far, () => new Promise<never>(() => {}));
  const session = await openSession(near, { hello: HELLO });
  far.close();
  const answer = session.fetch(request("/", { method: "POST", body: "not sent" }));
  await assertRejects(() => answer, SessionRefusedError);
});
