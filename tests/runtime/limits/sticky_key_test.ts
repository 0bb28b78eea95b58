import { assert, assertEquals } from "@std/assert";
import { stickyKeyOf } from "../../../runtime/limits/sticky_key.ts";

Deno.test("stickyKeyOf() finds a cookie or a header, and nothing where there is none", () => {
  const cookies = (value: string) => stickyKeyOf([["cookie", value]], { cookie: "sid" });
  const key = cookies("sid=a1");
  assert(key !== undefined);
  for (
    const same of ["x=1; sid=a1", "sid=a1; x=1", " sid = a1 ", "asid=2;sid=a1", "sid=a1;sid=b"]
  ) {
    assertEquals(cookies(same), key, same);
  }
  for (const other of ["sid=a2", "sid=A1"]) assert(cookies(other) !== key);
  for (const none of ["", "sid", "sid=", "SID=a1", "asid=a1", "=a1"]) {
    assertEquals(cookies(none), undefined, none);
  }
  assertEquals(stickyKeyOf([["cookie", "x=1"], ["cookie", "sid=a1"]], { cookie: "sid" }), key);
  assertEquals(stickyKeyOf([["x-user", "a1"]], { header: "x-user" }), key);
  assertEquals(stickyKeyOf([["x-other", "a1"]], { header: "x-user" }), undefined);
});
