import { assertEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import { createSigner } from "../../../runtime/tickets/hmac.ts";

Deno.test("createSigner signs as HMAC-SHA256 does, with keys and texts of any length", () => {
  for (const keyBytes of [0, 1, 32, 64, 65, 500]) {
    const key = crypto.getRandomValues(new Uint8Array(keyBytes));
    const sign = createSigner(key);
    for (const text of ["", "a", "é".repeat(31), "x".repeat(1_000)]) {
      const expected = createHmac("sha256", key).update(text).digest("base64url");
      assertEquals(sign(text), expected);
      assertEquals(sign(text), expected, "a second time");
    }
  }
});
