import { assert, assertEquals } from "@std/assert";
import { ofKind, sent, theOne, theSent } from "../effects.ts";
import { ServiceBench } from "../service/service_bench.ts";

function gone(sourcePlug: number) {
  const ends = { serviceID: 7, sourcePlug, destPlug: 20_050 };
  return { type: "connectionCloseRequest", messageID: 41, ...ends, isGone: true } as const;
}

Deno.test("source: an idle session to an instance that is gone ends at once", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  bench.step({ kind: "requestEnded", requestID: 1 });
  const told = bench.take(gone(sourcePlug));
  assertEquals(theOne(told, "breakSession").sourcePlug, sourcePlug);
  assertEquals(ofKind(told, "closeSession"), []);
  assert(theSent(bench.want(2), "connectionRequest").sourcePlug !== sourcePlug);
  const ended = bench.step({ kind: "sessionEnded", sourcePlug, status: 111, reason: "broken" });
  assertEquals(theSent(ended, "connectionCloseResponse").messageID, 41);
});

Deno.test("source: what is in flight to an instance that is gone breaks after a moment", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  const told = bench.take(gone(sourcePlug));
  assertEquals([ofKind(told, "breakSession"), ofKind(told, "closeSession")], [[], []]);
  assert(theSent(bench.want(2), "connectionRequest").sourcePlug !== sourcePlug, "goes elsewhere");
  assertEquals(ofKind(bench.wait(999), "breakSession"), [], "its answer may be on its way");
  assertEquals(theOne(bench.wait(1), "breakSession").sourcePlug, sourcePlug);
  bench.step({ kind: "requestEnded", requestID: 1 });
  bench.step({ kind: "sessionEnded", sourcePlug, status: 111, reason: "broken" });
  assertEquals(ofKind(bench.wait(60_000), "breakSession"), []);
});

Deno.test("source: a session that closes already ends too when its instance is gone", () => {
  const bench = new ServiceBench();
  const sourcePlug = bench.open(1);
  const { isGone: _isGone, ...asked } = gone(sourcePlug);
  assertEquals(theOne(bench.take(asked), "closeSession").sourcePlug, sourcePlug);
  bench.step({ kind: "requestEnded", requestID: 1 });
  const told = bench.take({ ...gone(sourcePlug), messageID: 42 });
  assertEquals(theOne(told, "breakSession").sourcePlug, sourcePlug);
  const ended = bench.step({ kind: "sessionEnded", sourcePlug, status: 111, reason: "broken" });
  assertEquals(sent(ended, "connectionCloseResponse").map(({ messageID }) => messageID), [41, 42]);
});

Deno.test("source: a session that opens to an instance that is gone ends at once", () => {
  const bench = new ServiceBench();
  const { messageID, sourcePlug } = theSent(bench.want(1), "connectionRequest");
  bench.answer(messageID);
  const told = bench.take(gone(sourcePlug));
  assert(theSent(told, "connectionRequest").sourcePlug !== sourcePlug, "goes elsewhere");
  const dialed = bench.step({ kind: "dialed", sourcePlug });
  assertEquals(theOne(dialed, "breakSession").sourcePlug, sourcePlug);
  assertEquals([ofKind(dialed, "closeSession"), ofKind(dialed, "assign")], [[], []]);
});
