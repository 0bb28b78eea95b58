import { assertEquals } from "@std/assert";
import { ofKind, sent, theOne, theSent } from "../effects.ts";
import { ServiceBench } from "./service_bench.ts";

const SHUTDOWN = { type: "softShutdownRequest", messageID: 41, serviceID: 7 } as const;
const REFUSAL = { reason: "it exports", retryAfterMs: 60_000 };

Deno.test("service: it is told why it shall end, and how long it has", () => {
  const bench = new ServiceBench();
  const asked = bench.take({ ...SHUTDOWN, graceMs: 3_000, reason: "idle for 60 s" });
  assertEquals(theOne(asked, "askToEnd"), {
    kind: "askToEnd",
    reason: "idle for 60 s",
    graceMs: 3_000,
    isFinal: false,
  });
});

Deno.test("service: it may refuse its end, and goes on as before", () => {
  const bench = new ServiceBench();
  bench.take(SHUTDOWN);
  const refused = bench.step({ kind: "endAnswered", refusal: REFUSAL });
  const { messageID, status, retryAfterMs, reason } = theSent(refused, "softShutdownResponse");
  assertEquals([messageID, status, retryAfterMs, reason], [41, 409, 60_000, "it exports"]);
  assertEquals(bench.state.phase, "running");
  theSent(bench.want(1), "connectionRequest");
});

Deno.test("service: asked again while its refusal holds, it refuses with what is left", () => {
  const bench = new ServiceBench();
  bench.take(SHUTDOWN);
  bench.step({ kind: "endAnswered", refusal: REFUSAL });
  bench.nowMs += 20_000;
  const again = bench.take({ ...SHUTDOWN, messageID: 42 });
  const { messageID, retryAfterMs } = theSent(again, "softShutdownResponse");
  assertEquals([messageID, retryAfterMs], [42, 40_000]);
  bench.nowMs += 40_000;
  theOne(bench.take({ ...SHUTDOWN, messageID: 43 }), "askToEnd");
});

Deno.test("service: where no refusal is taken any more it ends, whatever its code says", () => {
  const bench = new ServiceBench();
  assertEquals(theOne(bench.take({ ...SHUTDOWN, isFinal: true }), "askToEnd").isFinal, true);
  const answered = bench.step({ kind: "endAnswered", refusal: REFUSAL });
  assertEquals(answered, [{ kind: "drain" }]);
  assertEquals(sent(bench.step({ kind: "drained" }), "softShutdownResponse")[0]?.status, 200);
});

Deno.test("service: a refusal that comes after the manager insisted is none", () => {
  const bench = new ServiceBench();
  bench.take(SHUTDOWN);
  bench.take({ ...SHUTDOWN, messageID: 42, isFinal: true });
  assertEquals(bench.step({ kind: "endAnswered", refusal: REFUSAL }), [{ kind: "drain" }]);
});

Deno.test("service: a refusal holds for ten minutes at most", () => {
  const bench = new ServiceBench();
  bench.take(SHUTDOWN);
  const refusal = { reason: "for ever", retryAfterMs: Infinity };
  const refused = bench.step({ kind: "endAnswered", refusal });
  assertEquals(theSent(refused, "softShutdownResponse").retryAfterMs, 600_000);
});

Deno.test("service: what holds it open is told at once, and then once a second", () => {
  const bench = new ServiceBench();
  const held = theSent(bench.step({ kind: "held", reason: "export" }), "serviceUseInfo");
  assertEquals([held.serviceID, held.reason], [7, "export"]);
  assertEquals(sent(bench.wait(5_000), "serviceUseInfo").length, 5);
  bench.step({ kind: "released" });
  assertEquals(bench.wait(60_000), []);
});

Deno.test("service: many short holds are told once a second, the last of them too", () => {
  const bench = new ServiceBench();
  bench.step({ kind: "held", reason: "first" });
  bench.step({ kind: "released" });
  for (let times = 0; times < 100; times += 1) {
    assertEquals(bench.step({ kind: "held", reason: "more" }), []);
    assertEquals(bench.step({ kind: "released" }), []);
  }
  assertEquals(theSent(bench.wait(1_000), "serviceUseInfo").reason, "more");
  assertEquals(bench.wait(60_000), []);
});

Deno.test("service: what holds it open while its agent is away is told when that is back", () => {
  const bench = new ServiceBench();
  bench.step({ kind: "linkClosed", link: "agent", reason: "gone" });
  bench.step({ kind: "held", reason: "export" });
  assertEquals(ofKind(bench.wait(5_000), "send"), []);
  bench.step({ kind: "relinked", link: "again" });
  const told = sent(bench.wait(1_000), "serviceUseInfo");
  assertEquals(told.map(({ reason }) => reason), ["export"]);
});
