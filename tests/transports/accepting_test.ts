import { assertEquals, assertRejects } from "@std/assert";
import { Accepting, acceptNext } from "../../transports/accepting.ts";

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

Deno.test("Accepting goes on after a failure, and accepts nobody once it is closed", async () => {
  const told: string[] = [];
  const next = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<string>();
  const ways = [failing(new Error("open files")), () => "one", () => waiting.promise];
  const listener = {
    async accept() {
      await Promise.resolve();
      return await ways.shift()?.() ?? "nothing";
    },
    close: () => waiting.reject(new Error("closed")),
  };
  const accepting = new Accepting(listener, {
    accepted(connection) {
      told.push(connection);
      next.resolve();
    },
    failed: (error) => told.push(String(error)),
  });
  await next.promise;
  accepting.close();
  await waiting.promise.catch(() => {});
  assertEquals(told, ["Error: open files", "one"]);
});

Deno.test("Accepting counts what who takes a connection throws as a failure", async () => {
  const failed = Promise.withResolvers<unknown>();
  const accepting = new Accepting({ accept: () => Promise.resolve(1), close() {} }, {
    accepted() {
      throw new Error("it is gone already");
    },
    failed: (error) => failed.resolve(error),
  });
  assertEquals(String(await failed.promise), "Error: it is gone already");
  accepting.close();
});
