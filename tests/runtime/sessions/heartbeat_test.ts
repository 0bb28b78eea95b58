import { assertEquals } from "@std/assert";
import { Heartbeat } from "../../../runtime/sessions/wires/heartbeat.ts";

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
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  function ask(): void {
    told.push("ask");
    // Late, as of somebody who is busy, but not too late.
    if (told.length % 3 === 0) heartbeat.heard();
    if (told.length < 12) return;
    heartbeat.stop();
    resolve();
  }
  const heartbeat = new Heartbeat({ intervalMs: 5, ask, silent: () => told.push("silent") });
  await promise;
  assertEquals(told, Array.from({ length: 12 }, () => "ask"));
});
