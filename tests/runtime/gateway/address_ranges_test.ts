import { assert, assertEquals, assertThrows } from "@std/assert";
import { addressRange, addressRanges, isInRange } from "../../../runtime/gateway/address_ranges.ts";

Deno.test("isInRange() tells by the first bits, of IPv4 and IPv6", () => {
  const inside: Readonly<Record<string, readonly string[]>> = {
    "10.0.0.0/8": ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"],
    "192.0.2.7": ["192.0.2.7"],
    "0.0.0.0/0": ["255.255.255.255"],
    "fd00::/8": ["fd12:3456::1", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    "::1": ["::1", "0:0:0:0:0:0:0:1"],
    "::/0": ["1.2.3.4", "2001:db8::1"],
    "fe80::/10": ["fe80::1%eth0"],
  };
  for (const [range, addresses] of Object.entries(inside)) {
    for (const address of addresses) {
      assert(isInRange(address, addressRanges([range])), `${address} in ${range}`);
    }
  }
  const outside = { "10.0.0.0/8": "11.0.0.0", "192.0.2.7": "192.0.2.8", "fd00::/8": "fc00::1" };
  for (const [range, address] of Object.entries(outside)) {
    assert(!isInRange(address, addressRanges([range])), `${address} in ${range}`);
  }
  assert(!isInRange("2001:db8::1", addressRanges(["0.0.0.0/0"])));
  assert(!isInRange("1.2.3.4", []));
  assert(!isInRange("localhost", addressRanges(["::/0"])));
});

Deno.test("addressRange() reads nothing else", () => {
  const wrong = [
    "",
    "10",
    "10.0.0.0/33",
    "10.0.0.256",
    "10.0.0",
    "::/129",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "g::",
    "::1.2.3.256",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    " 10.0.0.0",
  ];
  assertEquals(wrong.filter((text) => addressRange(text) !== undefined), []);
  assertThrows(() => addressRanges(["::1", "all"]), SyntaxError, '"all"');
});
