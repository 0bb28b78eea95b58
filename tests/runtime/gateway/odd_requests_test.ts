import { assertEquals } from "@std/assert";
import { arrivedHeaders } from "../../../runtime/gateway/arrived_headers.ts";
import { refuseOdd } from "../../../runtime/gateway/odd_requests.ts";

function statusOf(headers: HeadersInit, body?: string): number | undefined {
  return refuseOdd(arrivedHeaders(new Headers(headers)), { hasBody: body !== undefined })?.status;
}

Deno.test("refuseOdd() lets requests through that can be read in one way only", () => {
  for (
    const host of ["", "a.test", "a.test:80", "[::1]:8080", "xn--e1afmkfd.test", "a_b", "A.Test."]
  ) {
    assertEquals(statusOf({ host }), undefined, host);
  }
  assertEquals(statusOf({}), undefined);
  assertEquals(statusOf({ "transfer-encoding": "chunked" }, "x"), undefined);
  assertEquals(statusOf({ "transfer-encoding": "Chunked" }, "x"), undefined);
});

Deno.test("refuseOdd() refuses a host that is more than a host", () => {
  for (const host of ["a.test/x", "a@b.test", "a.test?x", "a.test#x", "a.test\\x", "/"]) {
    assertEquals(statusOf({ host }), 400, host);
  }
});

Deno.test("refuseOdd() refuses every transfer coding but chunked", () => {
  for (const coding of ["gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked", ""]) {
    assertEquals(statusOf({ "transfer-encoding": coding }, "x"), 501, coding);
  }
});
