import { assert, assertEquals, assertRejects } from "@std/assert";
import { readerOf } from "../../../../runtime/sessions/bodies/reused_reader.ts";

/** A stream of bytes, as the body of a request from outside is one. */
function bytesOf(total: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: 65_536,
    pull(controller) {
      const view = controller.byobRequest?.view;
      assert(view instanceof Uint8Array);
      const length = Math.min(view.length, 100_000, total - at);
      for (let index = 0; index < length; index += 1) view[index] = (at + index) % 251;
      at += length;
      if (length === 0) controller.close();
      controller.byobRequest?.respond(length);
    },
  });
}

async function sumOf(body: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const reader = readerOf(body);
  const buffers = new Set<number>();
  let bytes = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return { bytes, isReused: reader.isReused ?? false, sizes: [...buffers] };
    for (const byte of value) assertEquals(byte, bytes++ % 251);
    buffers.add(value.buffer.byteLength);
  }
}

Deno.test("readerOf() reads a stream of bytes to its end, in one piece of memory", async () => {
  assertEquals(await sumOf(bytesOf(1_000_000)), {
    bytes: 1_000_000,
    isReused: true,
    sizes: [262_144],
  });
  assertEquals((await sumOf(bytesOf(0))).bytes, 0);
});

Deno.test("readerOf() reads what is no stream of bytes as it comes", async () => {
  const pieces = ReadableStream.from([Uint8Array.of(0, 1), Uint8Array.of(2)]);
  assertEquals(await sumOf(pieces), { bytes: 3, isReused: false, sizes: [2, 1] });
});

Deno.test("readerOf() takes memory for so many bodies at once, and again after them", async () => {
  const readers = Array.from({ length: 40 }, () => readerOf(bytesOf(1_000)));
  assertEquals(readers.filter((reader) => reader.isReused).length, 32);
  for (const reader of readers) assertEquals((await reader.read()).done, false);
  for (const reader of readers) await reader.cancel("enough");
  assertEquals((await sumOf(bytesOf(10))).isReused, true);
});

Deno.test("readerOf() tells that a body broke", async () => {
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    type: "bytes",
    pull: () => Promise.reject(new Error("gone")),
  });
  await assertRejects(() => readerOf(broken).read(), Error, "gone");
  assertEquals((await sumOf(bytesOf(10))).isReused, true);
});
