import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { formatAddress, isLocal, parseAddress } from "../../../runtime/distributed/address.ts";
import { checkExposure, ExposureError } from "../../../runtime/distributed/exposure.ts";

const PLAIN = { what: "listen for agents", hasCertificates: false, isInsecure: false } as const;

Deno.test("parseAddress() reads names, addresses and a port alone", () => {
  for (
    const [text, hostname, port] of [
      ["127.0.0.1:7400", "127.0.0.1", 7400],
      ["manager.example.com:1", "manager.example.com", 1],
      ["[::1]:65535", "::1", 65535],
      [":0", "127.0.0.1", 0],
    ] as const
  ) {
    assertEquals(parseAddress(text), { hostname, port }, text);
  }
  assertEquals(formatAddress({ hostname: "::1", port: 7400 }), "[::1]:7400");
});

Deno.test("parseAddress() refuses what is no address", () => {
  for (
    const text of ["", "7400", "host", "host:", "host:65536", "::1:7400", "http://a:1", "a b:1"]
  ) {
    assertThrows(() => parseAddress(text), SyntaxError, "expected HOST:PORT");
  }
});

Deno.test("isLocal() knows the loopback, and takes no wildcard for it", () => {
  for (const text of ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"]) {
    assert(isLocal(parseAddress(text)), text);
  }
  for (const text of ["0.0.0.0:1", "[::]:1", "10.77.0.1:1", "127.0.0.1.example.com:1"]) {
    assert(!isLocal(parseAddress(text)), text);
  }
});

Deno.test("checkExposure() lets the loopback be plain, and any address with certificates", () => {
  assertEquals(checkExposure({ ...PLAIN, address: parseAddress("127.0.0.1:7400") }), undefined);
  const secure = { ...PLAIN, hasCertificates: true };
  assertEquals(checkExposure({ ...secure, address: parseAddress("0.0.0.0:7400") }), undefined);
});

Deno.test("checkExposure() refuses others without certificates, and says what to do", () => {
  const address = parseAddress("0.0.0.0:7400");
  const error = assertThrows(() => checkExposure({ ...PLAIN, address }), ExposureError);
  for (const word of ["listen for agents", "0.0.0.0:7400", "--tls", "--insecure"]) {
    assertStringIncludes(error.message, word);
  }
  const warning = checkExposure({ ...PLAIN, address, isInsecure: true });
  assertStringIncludes(warning ?? "", "--insecure");
});
