import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import { FrameWriter } from "../../../runtime/sessions/frames/frame_writer.ts";
import {
  FRAME,
  type Frame,
  FrameDecoder,
  FrameError,
  type FrameType,
  HEADER_BYTES,
} from "../../../runtime/sessions/frames/frames.ts";
import {
  AnswerReader,
  checkGreeting,
  checkHello,
  readCredit,
  readHello,
  readReason,
  readRequest,
  readReset,
  readResponse,
} from "../../../runtime/sessions/frames/heads.ts";
import { SESSION_LIMITS } from "../../../runtime/sessions/session.ts";

/** One thing that an end can say. */
type Said =
  | { kind: "request"; id: number; parts: string[]; end: boolean }
  | { kind: "response"; id: number; parts: string[]; end: boolean }
  | { kind: "answer"; id: number; parts: string[]; bytes: Uint8Array }
  | { kind: "data"; id: number; bytes: Uint8Array; end: boolean }
  | { kind: "credit"; id: number; bytes: number }
  | { kind: "reset"; id: number; code: number; reason: string }
  | { kind: "goAway"; reason: string };

const id = fc.integer({ min: 1, max: 0xffff_ffff });
const text = fc.string({ unit: "binary", maxLength: 40 }).map((s) => s.replaceAll("\0", ""));
const headers = fc.array(fc.tuple(text, text), { maxLength: 8 }).map((pairs) => pairs.flat());
/** Headers that the platform takes; only few, so that some heads are like those before them. */
const takenHeaders = fc.array(
  fc.tuple(fc.constantFrom("a", "x-b", "!#"), fc.constantFrom("", "1", "caf\u00e9, \u00ff")),
  { maxLength: 3 },
).map((pairs) => pairs.flat());
const reason = fc.string({ maxLength: 60 });
const status = fc.constantFrom("200", "206", "404", "599");

const said: fc.Arbitrary<Said> = fc.oneof(
  fc.record({
    kind: fc.constant("request" as const),
    id,
    parts: fc.tuple(text, text, headers).map(([method, path, rest]) => {
      return [`G${method}`, `http://a/${path}`, ...rest];
    }),
    end: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("response" as const),
    id,
    parts: fc.tuple(status, takenHeaders).map(([code, rest]) => [code, ...rest]),
    end: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("answer" as const),
    id,
    parts: fc.tuple(status, takenHeaders).map(([code, rest]) => [code, ...rest]),
    bytes: fc.uint8Array({ maxLength: 5_000 }),
  }),
  fc.record({
    kind: fc.constant("data" as const),
    id,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 5_000 }),
    end: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("credit" as const),
    id,
    bytes: fc.integer({ min: 1, max: 0xffff_ffff }),
  }),
  fc.record({
    kind: fc.constant("reset" as const),
    id,
    code: fc.integer({ min: 0, max: 255 }),
    reason,
  }),
  fc.record({ kind: fc.constant("goAway" as const), reason }),
);

function say(writer: FrameWriter, what: Said): void {
  switch (what.kind) {
    case "request":
      return void assert(writer.request(what.id, what.parts, what.end));
    case "response":
      return void assert(writer.response(what.id, what.parts, what.end));
    case "answer":
      return writer.answer(what.id, what.parts.join("\0"), what.bytes);
    case "data":
      return writer.data(what.id, what.bytes, what.end);
    case "credit":
      return writer.credit(what.id, what.bytes);
    case "reset":
      return writer.reset(what.id, what.code, what.reason);
    case "goAway":
      return writer.goAway(what.reason);
  }
}

function hear({ type, end, exchange, payload }: Frame, answers: AnswerReader): Said {
  if (type === FRAME.request) {
    const { method, url, headers } = readRequest(payload);
    return { kind: "request", id: exchange, parts: [method, url, ...headers.flat()], end };
  }
  if (type === FRAME.response) {
    const { status, headers } = readResponse(payload);
    return { kind: "response", id: exchange, parts: [String(status), ...headers.flat()], end };
  }
  if (type === FRAME.answer) {
    const { head: { status, headers }, body } = answers.read(payload);
    const parts = [String(status), ...headers.flat()];
    return { kind: "answer", id: exchange, parts, bytes: body.slice() };
  }
  if (type === FRAME.data) return { kind: "data", id: exchange, bytes: payload.slice(), end };
  if (type === FRAME.credit) return { kind: "credit", id: exchange, bytes: readCredit(payload) };
  if (type === FRAME.reset) return { kind: "reset", id: exchange, ...readReset(payload) };
  return { kind: "goAway", reason: readReason(payload) };
}

Deno.test("FrameDecoder gives the frames that were written, however the bytes are split", () => {
  const cuts = fc.array(fc.nat({ max: 6_000 }), { maxLength: 40 });
  fc.assert(fc.property(fc.array(said, { maxLength: 12 }), cuts, (sentences, sizes) => {
    const writer = new FrameWriter();
    for (const sentence of sentences) say(writer, sentence);
    const bytes = writer.take();
    const decoder = new FrameDecoder();
    const answers = new AnswerReader();
    const heard: Said[] = [];
    let at = 0;
    for (const size of [...sizes, bytes.length]) {
      decoder.push(bytes.subarray(at, at + size), (frame) => heard.push(hear(frame, answers)));
      at = Math.min(bytes.length, at + size);
    }
    assertEquals(heard, sentences);
    assertEquals(decoder.bufferedBytes, 0);
  }));
});

Deno.test("AnswerReader reads an answer as if it was the first, whatever came before it", () => {
  const answer = fc.record({
    parts: fc.tuple(status, takenHeaders).map(([code, rest]) => [code, ...rest]),
    body: fc.uint8Array({ maxLength: 3 }),
  });
  fc.assert(fc.property(fc.array(answer, { maxLength: 20 }), (answers) => {
    const reader = new AnswerReader();
    for (const { parts, body } of answers) {
      const head = new TextEncoder().encode(parts.join("\0"));
      const payload = new Uint8Array([0, 0, 0, head.length, ...head, ...body]);
      assertEquals(reader.read(payload), new AnswerReader().read(payload));
      // What it remembers must not be a view into what is overwritten.
      payload.fill(0x30);
    }
  }));
});

Deno.test("readResponse() has names in lower case, however the other end writes them", () => {
  const payload = new TextEncoder().encode("200\0Transfer-Encoding\0x\0CONNECTION\0Close");
  assertEquals(readResponse(payload).headers, [["transfer-encoding", "x"], [
    "connection",
    "Close",
  ]]);
});

Deno.test("FrameDecoder and all that reads payloads throw nothing but a FrameError", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    // Headers that are nearly right reach the payloads.
    fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 14 }), fc.nat({ max: 2 }), fc.uint8Array())
      .map(([length, type, flags, rest]) => {
        return new Uint8Array([0, 0, 0, length, type, flags, 0, 0, 0, type % 2, ...rest]);
      }),
  );
  const readers: Partial<Record<FrameType, (payload: Uint8Array<ArrayBuffer>) => unknown>> = {
    [FRAME.hello]: readHello,
    [FRAME.welcome]: checkGreeting,
    [FRAME.request]: readRequest,
    [FRAME.response]: readResponse,
    [FRAME.answer]: (payload) => new AnswerReader().read(payload),
    [FRAME.credit]: readCredit,
    [FRAME.reset]: readReset,
    [FRAME.goAway]: readReason,
    [FRAME.close]: readReason,
  };
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 10 }), (pieces) => {
      const decoder = new FrameDecoder();
      try {
        for (const piece of pieces) {
          decoder.push(piece, ({ type, payload }) => void readers[type]?.(payload));
          assert(decoder.bufferedBytes <= HEADER_BYTES + 4 + SESSION_LIMITS.headBytes);
        }
      } catch (error) {
        assertInstanceOf(error, FrameError);
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("FrameDecoder refuses a length, a type, a flag or an exchange that cannot be", () => {
  const header = (length: number, type: number, flags: number, exchange: number) => {
    const bytes = new Uint8Array(HEADER_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, length);
    view.setUint8(4, type);
    view.setUint8(5, flags);
    view.setUint32(6, exchange);
    return bytes;
  };
  const wrong = [
    header(SESSION_LIMITS.dataBytes + 1, FRAME.data, 0, 1),
    header(0xffff_ffff, FRAME.request, 0, 1),
    header(0, FRAME.data, 0, 1),
    header(5, FRAME.data, 2, 1),
    header(5, FRAME.data, 0, 0),
    header(0, FRAME.ping, 1, 0),
    header(0, FRAME.ping, 0, 1),
    header(0, 0, 0, 0),
    header(6, FRAME.answer, 0, 1),
    header(7, FRAME.answer, 1, 1),
    header(0, 14, 0, 0),
  ];
  for (const bytes of wrong) {
    assertThrows(() => new FrameDecoder().push(bytes, () => {}), FrameError);
  }
});

Deno.test("FrameWriter writes nothing of a head that is over the limits", () => {
  const writer = new FrameWriter();
  writer.ping();
  const before = writer.length;
  const long = "ä".repeat(SESSION_LIMITS.headBytes / 2);
  const many = Array.from({ length: SESSION_LIMITS.headers + 1 }, () => ["a", "b"]).flat();
  assertEquals(writer.request(1, ["GET", "http://a/", "a", long], true), false);
  assertEquals(writer.request(1, ["GET", "http://a/", ...many], true), false);
  assertEquals(writer.response(1, ["200", "a", long], true), false);
  assertEquals(writer.response(1, ["200", ...many], true), false);
  assertEquals(writer.length, before);
});

Deno.test("readHello() reads what FrameWriter wrote, up to the largest ids", () => {
  const hello = { serviceID: 1, sourcePlug: 0xffff_ffff, destServiceID: Number.MAX_SAFE_INTEGER };
  const writer = new FrameWriter();
  checkHello(hello);
  for (const ticket of ["", "a ticket", "x".repeat(128)]) {
    writer.hello(hello, { ticket });
    assertEquals(readHello(writer.take().subarray(HEADER_BYTES)), { hello, ticket });
  }
  writer.hello(hello, { version: 1 });
  assertThrows(() => readHello(writer.take().subarray(HEADER_BYTES)), FrameError, "version 1");
});

Deno.test("checkHello() refuses numbers that a frame cannot carry", () => {
  const hello = { serviceID: 1, sourcePlug: 2, destServiceID: 3 };
  assertThrows(() => checkHello({ ...hello, serviceID: 0.5 }), RangeError);
  assertThrows(() => checkHello({ ...hello, sourcePlug: 2 ** 32 }), RangeError);
  assertThrows(() => checkHello({ ...hello, destServiceID: -1 }), RangeError);
});
