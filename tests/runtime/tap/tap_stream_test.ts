import { assert, assertEquals } from "@std/assert";
import type { TapSource } from "../../../runtime/tap/message_taps.ts";
import type { TapEntry } from "../../../runtime/tap/tapped_message.ts";
import { streamTap, TAP_LIMITS } from "../../../runtime/tap/tap_stream.ts";

function entryOf(index: number, filling = ""): TapEntry {
  const message = { type: "processData", messageID: index, filling };
  return { kind: "message", at: "", agent: "a1", from: "a1", to: "manager", message };
}

/** A tap whose messages the test makes. */
function openTap({ heartbeatMs }: { heartbeatMs?: number } = {}) {
  let push: ((entry: TapEntry) => void) | undefined;
  let closedCount = 0;
  const source: TapSource = {
    open: (_filter, listener) => {
      push = listener;
      return () => void (push = undefined);
    },
  };
  const end = new AbortController();
  const closed = () => void (closedCount += 1);
  const stream = streamTap(source, { filter: {}, signal: end.signal, closed, heartbeatMs });
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  return {
    end,
    reader,
    push: (entry: TapEntry) => push?.(entry),
    isWatched: () => push !== undefined,
    closedCount: () => closedCount,
    /** The documents that are read next. */
    async read(): Promise<TapEntry[]> {
      const { value = "" } = await reader.read();
      return value.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    },
  };
}

Deno.test("streamTap() tells messages in order, as they come", async () => {
  const tap = openTap();
  tap.push(entryOf(1));
  tap.push(entryOf(2));
  assertEquals(await tap.read(), [entryOf(1), entryOf(2)]);
  const next = tap.read();
  tap.push(entryOf(3));
  assertEquals(await next, [entryOf(3)]);
  await tap.reader.cancel();
});

Deno.test("streamTap() counts what a slow reader missed, where it is missing", async () => {
  const tap = openTap();
  // What is on its way to the reader is not waited for any more.
  tap.push(entryOf(0));
  await tap.read();
  const told: TapEntry[] = [];
  for (let index = 1; index <= 2 * TAP_LIMITS.messages + 5; index += 1) tap.push(entryOf(index));
  while (!told.some(({ kind }) => kind === "dropped")) told.push(...await tap.read());
  const dropped = told.pop();
  const numbers = told.map((one) => one.kind === "message" && one.message.messageID);
  assertEquals(numbers, Array.from(told, (_, index) => index + 1));
  assert(dropped?.kind === "dropped");
  assertEquals(told.length + dropped.count, 2 * TAP_LIMITS.messages + 5);
  tap.push(entryOf(9_999));
  assertEquals(await tap.read(), [entryOf(9_999)]);
  await tap.reader.cancel();
});

Deno.test("streamTap() keeps so many characters, however few messages they are", async () => {
  const tap = openTap();
  tap.push(entryOf(0));
  await tap.read();
  const filling = "x".repeat(TAP_LIMITS.characters / 4);
  for (let index = 1; index <= 100; index += 1) tap.push(entryOf(index, filling));
  const told: TapEntry[] = [];
  while (!told.some(({ kind }) => kind === "dropped")) told.push(...await tap.read());
  assert(told.length < 12, `${told.length}`);
  await tap.reader.cancel();
});

Deno.test("streamTap() lets go of everything when its reader goes, or the mesh ends", async () => {
  const gone = openTap();
  assert(gone.isWatched());
  await gone.reader.cancel();
  assertEquals([gone.isWatched(), gone.closedCount()], [false, 1]);
  const ended = openTap();
  const reading = ended.reader.read();
  ended.end.abort();
  assertEquals((await reading).done, true);
  assertEquals([ended.isWatched(), ended.closedCount()], [false, 1]);
});

Deno.test("streamTap() writes an empty line when there is nothing to tell", async () => {
  const tap = openTap({ heartbeatMs: 1 });
  assertEquals((await tap.reader.read()).value, "\n");
  await tap.reader.cancel();
});
