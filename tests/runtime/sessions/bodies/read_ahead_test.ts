import { assertEquals, assertRejects } from "@std/assert";
import { readAhead } from "../../../../runtime/sessions/bodies/read_ahead.ts";

function readerOf(body: BodyInit): ReadableStreamDefaultReader<Uint8Array> {
  const { body: stream } = new Response(body);
  if (stream === null) throw new Error("Cannot read: the response has no body");
  return stream.getReader();
}

Deno.test("readAhead() knows the length of texts and bytes, and gives them whole", async () => {
  for (const [body, length] of [["", 0], ["é", 2], [new Uint8Array(300_000), 300_000]] as const) {
    const known = await readAhead(readerOf(body));
    assertEquals(known.length, length);
    assertEquals((await known.reader.read()).value?.length, length);
    assertEquals((await known.reader.read()).done, true);
  }
});

Deno.test("readAhead() does not wait for a stream, and loses nothing of it", async () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let reason: unknown;
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: (given) => void (reason = given),
  });
  const silent = await readAhead(stream.getReader());
  assertEquals(silent.length, undefined);
  controller?.enqueue(new Uint8Array([1]));
  assertEquals((await silent.reader.read()).value, new Uint8Array([1]));
  controller?.enqueue(new Uint8Array([2]));
  assertEquals((await silent.reader.read()).value, new Uint8Array([2]));
  await silent.reader.cancel("enough");
  assertEquals(reason, "enough");
});

Deno.test("readAhead() leaves it to the reader to see that a body breaks", async () => {
  for (const pieces of [0, 1]) {
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pieces === 1) controller.enqueue(new Uint8Array(1));
        controller.error(new Error("broken"));
      },
    });
    const known = await readAhead(stream.getReader());
    assertEquals(known.length, undefined);
    await assertRejects(
      async () => {
        for (let read = 0; read < 2; read++) await known.reader.read();
      },
      Error,
      "broken",
    );
  }
});
