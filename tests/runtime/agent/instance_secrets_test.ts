import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { createInstanceSecrets } from "../../../runtime/agent/records/instance_secrets.ts";

const SECRET = new Uint8Array(32).fill(7);

Deno.test("createInstanceSecrets gives an agent that is started again the same secrets", () => {
  const before = createInstanceSecrets(SECRET);
  const after = createInstanceSecrets(SECRET.slice());
  assertEquals(after.token(17), before.token(17));
  assertEquals(after.ticketKey(17), before.ticketKey(17));
});

Deno.test("createInstanceSecrets gives no two instances, uses or agents the same secret", () => {
  const one = createInstanceSecrets(SECRET);
  const other = createInstanceSecrets(new Uint8Array(32).fill(8));
  assertNotEquals(one.token(1), one.token(11));
  assertNotEquals(one.token(1), one.ticketKey(1));
  assertNotEquals(one.token(1), other.token(1));
  assertMatch(one.token(1), /^[\w-]{43}$/);
});
