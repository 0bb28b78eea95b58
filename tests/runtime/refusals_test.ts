import { assertEquals } from "@std/assert";
import { Refusals } from "../../runtime/refusals.ts";

Deno.test("Refusals tells the first of a kind, and counts all", () => {
  const told: string[] = [];
  const refusals = new Refusals((text) => told.push(text));
  const refusal = { link: "service@1", type: "malformed", status: 400, reason: "it is no JSON" };
  for (let count = 0; count < 3; count += 1) refusals.add(refusal);
  refusals.add({ ...refusal, type: "processData", reason: "a field is missing" });
  assertEquals(told, ["service@1: it is no JSON", "service@1: a field is missing"]);
  assertEquals(refusals.list(), [
    { type: "malformed", status: 400, count: 3 },
    { type: "processData", status: 400, count: 1 },
  ]);
});

Deno.test("Refusals counts what came too late, without a word", () => {
  const told: string[] = [];
  const refusals = new Refusals((text) => told.push(text));
  const reason = "there is no such connection any more";
  refusals.add({ link: "agent@1", type: "sourceConnectionClose", status: 410, reason });
  assertEquals(told, []);
  assertEquals(refusals.list(), [{ type: "sourceConnectionClose", status: 410, count: 1 }]);
});

Deno.test("Refusals tells the first of each topic, of so many topics", () => {
  const told: string[] = [];
  const refusals = new Refusals((text) => told.push(text));
  const refusal = { link: "handshake", type: "handshake", status: 401, reason: "no" };
  for (let count = 0; count < 2; count += 1) {
    refusals.add({ ...refusal, topic: "wrong authority" });
    refusals.add({ ...refusal, topic: "expired" });
  }
  assertEquals(told.length, 2);
  for (let count = 0; count < 500; count += 1) refusals.add({ ...refusal, topic: `${count}` });
  assertEquals(told.length, 101);
  assertEquals(refusals.list(), [{ type: "handshake", status: 401, count: 504 }]);
});
