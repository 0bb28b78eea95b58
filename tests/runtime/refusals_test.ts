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

Deno.test("Refusals counts what may come late, without a word", () => {
  const told: string[] = [];
  const refusals = new Refusals((text) => told.push(text));
  for (const type of ["sourceConnectionClose", "destConnectionClose", "processData"]) {
    refusals.add({ link: "agent@1", type, status: 404, reason: "there is no such connection" });
  }
  assertEquals(told, []);
  assertEquals(refusals.list().length, 3);
});
