import { assertEquals, assertRejects } from "@std/assert";
import { acceptNext } from "../../transports/accepting.ts";

function listenerOf(...ways: (() => string)[]): { accept(): Promise<string> } {
  return {
    async accept() {
      await Promise.resolve();
      return ways.shift()?.() ?? "nothing";
    },
  };
}

function failing(error: Error): () => never {
  return () => {
    throw error;
  };
}

Deno.test("acceptNext() goes on at once to who comes after those who were reset", async () => {
  const reset = failing(new Deno.errors.NotConnected("reset"));
  assertEquals(await acceptNext(listenerOf(reset, reset, reset, () => "next")), "next");
});

Deno.test("acceptNext() tells of every other failure", async () => {
  const full = failing(new Error("Too many open files (os error 24)"));
  await assertRejects(() => acceptNext(listenerOf(full, () => "next")), Error, "open files");
});
