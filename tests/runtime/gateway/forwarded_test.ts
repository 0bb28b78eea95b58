import { assertEquals, assertMatch } from "@std/assert";
import { arrivedHeaders } from "../../../runtime/gateway/arrived_headers.ts";
import {
  addForwarded,
  addForwardedBy,
  type Origin,
  requestIDOf,
} from "../../../runtime/gateway/forwarded.ts";

/** What the gateway makes of the headers of a request. */
function forwarded(given: HeadersInit, origin: Origin): Headers {
  const { kept } = arrivedHeaders(new Headers(given));
  addForwarded(kept, origin);
  return new Headers(kept);
}

function forwardedBy(given: HeadersInit, origin: Origin): Headers {
  const { kept, way } = arrivedHeaders(new Headers(given));
  addForwardedBy(kept, way, origin);
  return new Headers(kept);
}

Deno.test("addForwarded() replaces all that a client says of its request's way", () => {
  const given = {
    "Forwarded": "for=6.6.6.6",
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Anything": "1",
    "X-Real-IP": "6.6.6.6",
    "x-kept": "1",
  };
  const origin = { client: "192.0.2.7", host: "shop.test:8080", proto: "http" } as const;
  const headers = forwarded(given, origin);
  assertEquals(Object.fromEntries(headers), {
    "forwarded": 'for=192.0.2.7;host="shop.test:8080";proto=http',
    "x-forwarded-for": "192.0.2.7",
    "x-forwarded-host": "shop.test:8080",
    "x-forwarded-proto": "http",
    "x-kept": "1",
  });
});

Deno.test("addForwarded() writes IPv6 as RFC 7239 does, and no address that is unknown", () => {
  const headers = forwarded({}, { client: "2001:db8::1", host: "[::1]:80", proto: "https" });
  assertEquals(headers.get("forwarded"), 'for="[2001:db8::1]";host="[::1]:80";proto=https');
  assertEquals(headers.get("x-forwarded-for"), "2001:db8::1");
  const nobody = { client: undefined, host: "a.test", proto: "http" } as const;
  const unknown = forwarded({ "x-forwarded-for": "6.6.6.6" }, nobody);
  assertEquals(unknown.get("forwarded"), 'host="a.test";proto=http');
  assertEquals(unknown.get("x-forwarded-for"), null);
});

Deno.test("requestIDOf() keeps a harmless name, and makes one instead of any other", () => {
  for (const id of ["a", "2f1c-7", "a.b:c/d+e=@f_g", "x".repeat(128)]) {
    assertEquals(requestIDOf(id), id);
  }
  for (
    const id of [undefined, "", "a b", "a, b", "x".repeat(129), "caf\u00e9", "<a>", '"', "a;b"]
  ) {
    assertMatch(requestIDOf(id), /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  }
});

Deno.test("addForwardedBy() adds to what a proxy says, and leaves its host and scheme", () => {
  const origin = { client: "10.0.0.1", host: "inner.test", proto: "http" } as const;
  const by = (given: HeadersInit) => Object.fromEntries(forwardedBy(given, origin));
  const own = 'for=10.0.0.1;host="inner.test";proto=http';
  assertEquals(
    by({
      "forwarded": "for=192.0.2.7;proto=https",
      "x-forwarded-for": "192.0.2.7, 192.0.2.8",
      "x-forwarded-host": "shop.test",
      "x-forwarded-proto": "HTTPS",
      "x-forwarded-port": "443",
      "x-real-ip": "192.0.2.7",
      "x-kept": "1",
    }),
    {
      "forwarded": `for=192.0.2.7;proto=https, ${own}`,
      "x-forwarded-for": "192.0.2.7, 192.0.2.8, 10.0.0.1",
      "x-forwarded-host": "shop.test",
      "x-forwarded-proto": "https",
      "x-kept": "1",
    },
  );
  assertEquals(by({ "x-forwarded-proto": "gopher" }), {
    "forwarded": own,
    "x-forwarded-for": "10.0.0.1",
    "x-forwarded-host": "inner.test",
    "x-forwarded-proto": "http",
  });
});
