import { assertEquals } from "@std/assert";
import { Heartbeat } from "../../../runtime/sessions/heartbeat.ts";

Deno.test("Heartbeat asks three times, and takes a fourth silence for an end", async () => {
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  new Heartbeat({
    intervalMs: 5,
    ask: () => told.push("ask"),
    silent: () => {
      told.push("silent");
      resolve();
    },
  });
  await promise;
  assertEquals(told, ["ask", "ask", "ask", "silent"]);
});

Deno.test("Heartbeat begins anew with each sign of life, and ends when it is stopped", async () => {
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const heartbeat = new Heartbeat({
    intervalMs: 5,
    ask() {
      asked += 1;
      // Late, as of somebody who is busy, but not too late.
      if (asked % 3 === 0) heartbeat.heard();
      if (asked < 12) return;
      heartbeat.stop();
      resolve();
    },
    silent: () => {
      throw new Error("it was heard");
    },
  });
  await promise;
  assertEquals(asked, 12);
});
