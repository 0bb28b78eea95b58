import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isMessageType } from "../../protocol/messages.ts";
import { cutReason, parseMessage } from "../../protocol/parse_message.ts";
import { anyMessage, definitions, sampleMessage, samplesOf } from "./samples.ts";

function messageOf(value: unknown): object {
  const parsed = parseMessage(value);
  assert("message" in parsed, JSON.stringify(parsed));
  return parsed.message;
}

function reasonOf(value: unknown): string {
  const parsed = parseMessage(value);
  assert(!("message" in parsed), "it was let in");
  assertEquals(parsed.status, 400);
  return parsed.reason;
}

for (const [type, definition] of definitions()) {
  Deno.test(`parseMessage() takes a ${type} with all fields, and with those it must have`, () => {
    for (const all of [true, false]) {
      const message = sampleMessage(type, definition, { all });
      assertEquals(messageOf(message), message);
    }
  });

  Deno.test(`parseMessage() holds each field of a ${type} to the bounds of its kind`, () => {
    for (const [key, { kind, optional }] of Object.entries(definition.fields)) {
      const whole = sampleMessage(type, definition, { all: true });
      for (const good of samplesOf(kind).good) messageOf({ ...whole, [key]: good });
      for (const bad of samplesOf(kind).bad) {
        const reason = reasonOf({ ...whole, [key]: bad });
        assertStringIncludes(reason, `Cannot read "${type}": "${key}" must be`);
      }
      const { [key]: _, ...rest } = whole;
      if (optional) messageOf(rest);
      else {assertStringIncludes(
          reasonOf(rest),
          `"${key}" must be of kind "${kind.name}", got nothing`,
        );}
    }
  });
}

Deno.test("parseMessage() leaves unknown fields out, so that a newer peer can add some", () => {
  const message = { type: "hardShutdownRequest", messageID: 1, serviceID: 2 };
  assertEquals(messageOf({ ...message, color: "red", status: 200 }), message);
});

Deno.test("parseMessage() refuses what is no object, and what has no type of the table", () => {
  const values = [null, undefined, 1, "{}", true, [], [{ type: "processData" }], {}, { type: 1 }];
  const types = ["", "constructor", "__proto__", "toString", "ProcessData", "processData "];
  for (const value of [...values, ...types.map((type) => ({ type, messageID: 1 }))]) {
    assertStringIncludes(reasonOf(value), "Cannot read a message");
  }
});

Deno.test("parseMessage() does not repeat a long text that it refuses", () => {
  assert(reasonOf({ type: "x".repeat(1_000_000) }).length < 200);
});

Deno.test("parseMessage() lets keys that mean something to JavaScript change nothing", () => {
  const text = '{"type":"hardShutdownRequest","messageID":1,"serviceID":2,' +
    '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  const message = messageOf(JSON.parse(text));
  assertEquals(Object.keys(message), ["type", "messageID", "serviceID"]);
  assertEquals(Object.getPrototypeOf(message), Object.prototype);
  assert(!("polluted" in {}));
});

Deno.test("parseMessage() does not take fields from a prototype in the text", () => {
  const text = '{"type":"hardShutdownRequest","messageID":1,"__proto__":{"serviceID":2}}';
  assertStringIncludes(reasonOf(JSON.parse(text)), '"serviceID" must be');
});

Deno.test("parseMessage() gives a message or a refusal for any value, and never throws", () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
      const parsed = parseMessage(value);
      assert("message" in parsed || parsed.status === 400);
    }),
  );
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert(!("message" in parseMessage(value)));
  }));
});

Deno.test("parseMessage() takes any valid message as it is, and gives itself what it gave", () => {
  fc.assert(fc.property(anyMessage(), (message) => {
    const once = messageOf(message);
    assertEquals(once, message);
    assertEquals(messageOf(once), once);
  }));
});

Deno.test("parseMessage() gives a message or a refusal for any mutation of a valid one", () => {
  const mutated = fc.tuple(anyMessage(), fc.nat(), fc.anything());
  fc.assert(fc.property(mutated, ([message, at, value]) => {
    const keys = Object.keys(message);
    const key = keys[at % keys.length] ?? "type";
    const parsed = parseMessage({ ...message, [key]: value });
    if (!("message" in parsed)) return assertEquals(parsed.status, 400);
    assert(isMessageType(parsed.message.type));
    for (const [field, given] of Object.entries(parsed.message)) {
      assert(field !== key || given === value);
    }
  }));
});

Deno.test("cutReason() leaves what is short, and cuts what is long to the limit", () => {
  assertEquals(cutReason("short"), "short");
  const cut = cutReason("x".repeat(10_000));
  assertEquals(cut.length, 4_000);
  assert(cut.endsWith("x…"));
  messageOf({ type: "agentRegisterResponse", messageID: 1, status: 500, reason: cut });
});
