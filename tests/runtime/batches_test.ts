import { assertEquals } from "@std/assert";
import { Batches } from "../../runtime/local/batches.ts";

function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

const left = () => {
  throw new Error("Cannot leave anything out here");
};

Deno.test("add() gives items of several turns on together, in their order", async () => {
  const { promise, resolve } = Promise.withResolvers<readonly number[]>();
  const batches = new Batches({ take: resolve, left });
  batches.add(numbers(1, 2));
  await Promise.resolve();
  batches.add(numbers(3, 1));
  assertEquals(await promise, [1, 2, 3]);
});

Deno.test("add() keeps no more than a thousand items waiting for others", async () => {
  const taken: number[] = [];
  const batches = new Batches<number>({ take: (items) => void taken.push(items.length), left });
  batches.add(numbers(1, 999));
  assertEquals(taken, []);
  batches.add(numbers(1_000, 1));
  assertEquals(taken, [1_000]);
  await batches.flush();
});

Deno.test("flush() resolves when what waited has been taken", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const batches = new Batches<number>({ take: () => promise, left });
  batches.add([1]);
  let isTaken = false;
  const flushed = batches.flush().then(() => isTaken = true);
  await Promise.resolve();
  assertEquals(isTaken, false);
  resolve();
  assertEquals(await flushed, true);
});

Deno.test("flush() gives on what waits at once, and nothing when nothing waits", async () => {
  const taken: number[] = [];
  const batches = new Batches<number>({ take: (items) => void taken.push(items.length), left });
  await batches.flush();
  batches.add([1]);
  await batches.flush();
  batches.add([2]);
  await batches.flush();
  assertEquals(taken, [1, 1]);
});

Deno.test("add() leaves out the oldest while the other thread does not keep up", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const taken: (readonly number[])[] = [];
  const counts: number[] = [];
  const batches = new Batches<number>({
    take: (items) => {
      taken.push(items);
      return promise;
    },
    left: (count) => void counts.push(count),
    waitingMax: 3,
  });
  batches.add([1]);
  const flushed = batches.flush();
  batches.add(numbers(2, 5));
  assertEquals([taken, counts], [[[1]], []]);
  resolve();
  await flushed;
  assertEquals([taken, counts], [[[1], [4, 5, 6]], [2]]);
});

Deno.test("flush() survives one who can't take a batch", async () => {
  const taken: (readonly number[])[] = [];
  const batches = new Batches<number>({
    take: (items) => {
      taken.push(items);
      throw new Error("the disk is full");
    },
    left,
  });
  batches.add([1]);
  await batches.flush();
  batches.add([2]);
  await batches.flush();
  assertEquals(taken, [[1], [2]]);
});
