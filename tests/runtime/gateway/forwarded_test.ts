import { assertEquals, assertMatch } from "@std/assert";
import { setForwarded, setRequestID } from "../../../runtime/gateway/forwarded.ts";

Deno.test("setForwarded() replaces all that a client says of its request's way", () => {
  const headers = new Headers({
    "Forwarded": "for=6.6.6.6",
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Anything": "1",
    "X-Real-IP": "6.6.6.6",
    "x-kept": "1",
  });
  setForwarded(headers, { client: "192.0.2.7", host: "shop.test:8080", proto: "http" });
  assertEquals(Object.fromEntries(headers), {
    "forwarded": 'for=192.0.2.7;host="shop.test:8080";proto=http',
    "x-forwarded-for": "192.0.2.7",
    "x-forwarded-host": "shop.test:8080",
    "x-forwarded-proto": "http",
    "x-kept": "1",
  });
});

Deno.test("setForwarded() writes addresses of IPv6 as RFC 7239 does, and none that is unknown", () => {
  const headers = new Headers();
  setForwarded(headers, { client: "2001:db8::1", host: "[::1]:80", proto: "https" });
  assertEquals(headers.get("forwarded"), 'for="[2001:db8::1]";host="[::1]:80";proto=https');
  assertEquals(headers.get("x-forwarded-for"), "2001:db8::1");
  const unknown = new Headers({ "x-forwarded-for": "6.6.6.6" });
  setForwarded(unknown, { client: undefined, host: "a.test", proto: "http" });
  assertEquals(unknown.get("forwarded"), 'host="a.test";proto=http');
  assertEquals(unknown.get("x-forwarded-for"), null);
});

Deno.test("setRequestID() keeps a harmless name, and makes one instead of any other", () => {
  for (const id of ["a", "2f1c-7", "a.b:c/d+e=@f_g", "x".repeat(128)]) {
    const headers = new Headers({ "x-request-id": id });
    setRequestID(headers);
    assertEquals(headers.get("x-request-id"), id);
  }
  for (
    const id of [undefined, "", "a b", "a, b", "x".repeat(129), "caf\u00e9", "<a>", '"', "a;b"]
  ) {
    const headers = new Headers(id === undefined ? {} : { "x-request-id": id });
    setRequestID(headers);
    assertMatch(headers.get("x-request-id") ?? "", /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  }
});
