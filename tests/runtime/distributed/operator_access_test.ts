import { assert, assertEquals } from "@std/assert";
import { OperatorTokens } from "../../../runtime/distributed/operator_access.ts";

Deno.test("OperatorTokens accepts what it issued, for ten minutes", () => {
  let nowMs = 0;
  const tokens = new OperatorTokens(() => nowMs);
  const token = tokens.issue();
  assert(tokens.accepts(token));
  nowMs = 10 * 60_000 - 1;
  assert(tokens.accepts(token));
  const later = tokens.issue();
  nowMs += 1;
  assertEquals([tokens.accepts(token), tokens.accepts(later)], [false, true]);
  for (const other of ["", "undefined", `${later} `, crypto.randomUUID()]) {
    assert(!tokens.accepts(other), other);
  }
});

Deno.test("OperatorTokens keeps so many only: the oldest goes first", () => {
  const tokens = new OperatorTokens(() => 0);
  const first = tokens.issue();
  const second = tokens.issue();
  for (let count = 0; count < 998; count += 1) tokens.issue();
  assertEquals([tokens.accepts(first), tokens.accepts(second)], [true, true]);
  const last = tokens.issue();
  assertEquals([first, second, last].map((token) => tokens.accepts(token)), [false, true, true]);
});
