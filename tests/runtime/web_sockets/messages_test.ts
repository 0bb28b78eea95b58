import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  encodeBinary,
  encodeClose,
  encodeText,
  MessageDecoder,
  MessageError,
  type SocketMessage,
  speakable,
  WEB_SOCKET_LIMITS,
} from "../../../runtime/web_sockets/messages.ts";

const text = fc.string({ unit: "grapheme", maxLength: 40 });

const message: fc.Arbitrary<SocketMessage> = fc.oneof(
  text.map((text) => ({ kind: "text" as const, text })),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => {
    return { kind: "binary" as const, bytes: Uint8Array.from(bytes) };
  }),
  fc.record({
    kind: fc.constant("close" as const),
    code: fc.integer({ min: 0, max: 65_535 }),
    reason: fc.string({ maxLength: 120 }),
  }),
);

function encode(message: SocketMessage): Uint8Array {
  switch (message.kind) {
    case "text":
      return encodeText(message.text);
    case "binary":
      return encodeBinary(message.bytes);
    case "close":
      return encodeClose(message);
  }
}

function together(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

Deno.test("MessageDecoder gives the messages that were sent, however the bytes are cut", () => {
  fc.assert(fc.property(
    fc.array(message, { maxLength: 8 }),
    fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 40 }),
    (messages, cuts) => {
      const decoder = new MessageDecoder();
      const found: SocketMessage[] = [];
      let rest = together(messages.map(encode));
      for (const cut of [...cuts, rest.length]) {
        found.push(...decoder.push(rest.subarray(0, cut)));
        rest = rest.subarray(cut);
      }
      assertEquals(found, messages);
    },
  ));
});

Deno.test("MessageDecoder takes any bytes for messages or for malformed, nothing else", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (pieces) => {
    const decoder = new MessageDecoder();
    try {
      for (const piece of pieces) decoder.push(piece);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
    }
  }));
});

Deno.test("MessageDecoder refuses a message that is too large, by its header", () => {
  const bytes = new Uint8Array([2, 0, 0, 0, 0]);
  new DataView(bytes.buffer).setUint32(1, WEB_SOCKET_LIMITS.messageBytes + 1);
  assertThrows(() => new MessageDecoder().push(bytes), MessageError, "16777217 bytes");
});

Deno.test("MessageDecoder refuses an unknown kind, a close without a code, a broken text", () => {
  for (const bytes of [[3, 0, 0, 0, 0], [8, 0, 0, 0, 1, 3], [1, 0, 0, 0, 1, 0xff]]) {
    assertThrows(() => new MessageDecoder().push(new Uint8Array(bytes)), MessageError);
  }
});

Deno.test("encodeClose() cuts a long reason between two characters", () => {
  const [close] = new MessageDecoder().push(encodeClose({ code: 1000, reason: "ä".repeat(100) }));
  assertEquals(close, { kind: "close", code: 1000, reason: "ä".repeat(61) });
});

Deno.test("speakable() keeps the codes that a close may have, and makes 1011 of the others", () => {
  const spoken = (code: number) => speakable({ code, reason: "" }).code;
  const own = [1000, 1001, 1003, 1005, 1007, 1009, 1011, 1012, 1013, 3000, 4999];
  assertEquals(own.map(spoken), own);
  assertEquals([0, 999, 1004, 1006, 1015, 2000, 5000, 65_535].map(spoken), Array(8).fill(1011));
});

Deno.test("speakable() says what encodeClose() would", () => {
  fc.assert(fc.property(text, fc.integer({ min: 0, max: 9 }), (reason, times) => {
    const close = { code: 1000, reason: reason.repeat(times) };
    const [decoded] = new MessageDecoder().push(encodeClose(close));
    assertEquals(decoded, { kind: "close", ...speakable(close) });
  }));
});
