/**
 * Messages that pass the door and may mean anything.
 *
 * @module
 */

import { assert } from "@std/assert";
import fc from "fast-check";
import { MANIFEST_DEFAULTS } from "../../protocol/manifest.ts";
import type { Message } from "../../protocol/messages.ts";
import { parseMessage } from "../../protocol/parse_message.ts";

/** Fields with so few values that forged messages hit what is there again and again. */
const FIELDS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  messageID: fc.integer({ min: 1, max: 12 }),
  serviceID: fc.integer({ min: 1, max: 8 }),
  sourceServiceID: fc.integer({ min: 1, max: 8 }),
  sourcePlug: fc.integer({ min: 1, max: 3 }),
  destPlug: fc.integer({ min: 20_000, max: 20_004 }),
  destServiceName: fc.constantFrom("greeter", "counter", "gateway", "nobody"),
  status: fc.constantFrom(111, 122, 200, 404, 409, 500, 502),
  typeOfService: fc.constantFrom("gateway", "greeter"),
  plugsConfiguration: fc.constantFrom({ in: null, out: "*" }, { in: 20_001, out: [] }),
  agentNetwork: fc.constantFrom("10.0.0.1", "10.0.0.2"),
  serviceName: fc.constantFrom("greeter", "counter", "nobody"),
  plugConfiguration: fc.constantFrom({ in: 20_001, out: ["counter"] }, { in: null, out: "*" }),
  destServiceNetwork: fc.constantFrom("10.0.0.1", undefined),
  destServiceID: fc.constantFrom(7, 50, undefined),
  startTimeoutMs: fc.constantFrom(2_000, undefined),
  token: fc.constantFrom("t", "secret-1", undefined),
  reason: fc.constantFrom("because", undefined),
  count: fc.nat(5),
  lines: fc.nat(3),
  permission: fc.constantFrom("read", "net"),
  usages: fc.array(
    fc.record({
      serviceID: fc.integer({ min: 1, max: 9 }),
      memoryBytes: fc.constantFrom(1_000_000, 1_000_000_000),
      cpuMs: fc.nat(100),
      cpuPermille: fc.nat(1_000),
    }),
    { maxLength: 3 },
  ),
  avoid: fc.constantFrom([7], [1, 50], undefined),
  waiting: fc.constantFrom(0, 7, 1_000_000, undefined),
  concurrency: fc.constantFrom(1, 2, undefined),
  agentPort: fc.constant(7_000),
  repository: fc.constantFrom(["greeter"], ["greeter", "counter"], []),
  agentName: fc.constantFrom("one", "two"),
  manifests: fc.constantFrom({}, {
    greeter: {
      ...MANIFEST_DEFAULTS,
      placement: "pack",
      labels: { disk: "fast" },
      routes: [{ path: "/", keepPrefix: true }],
      ports: [{ port: 6_379, connectionsMax: 9 }],
    },
  }),
  edited: fc.constantFrom(["greeter"], ["greeter", "nobody"], undefined),
  labels: fc.constantFrom({ disk: "fast" }, undefined),
  capacity: fc.constantFrom(0, 1, 5, undefined),
  incarnation: fc.constantFrom("first", "second", undefined),
  routes: fc.constantFrom([], [{ service: "greeter", path: "/greeter", keepPrefix: false }]),
  ports: fc.constantFrom(undefined, [], [{ service: "greeter", port: 6_379 }]),
  instances: fc.array(
    fc.record({
      serviceID: fc.integer({ min: 1, max: 9 }),
      typeOfService: fc.constantFrom("greeter", "counter", "gateway"),
      plugConfiguration: fc.record({
        in: fc.constantFrom(null, 20_000, 20_001),
        out: fc.constantFrom("*", []),
      }),
      launched: fc.boolean(),
      started: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  connections: fc.array(
    fc.record({
      serviceID: fc.integer({ min: 1, max: 8 }),
      sourcePlug: fc.integer({ min: 1, max: 3 }),
      destServiceID: fc.integer({ min: 1, max: 8 }),
      destPlug: fc.integer({ min: 20_000, max: 20_004 }),
    }),
    { maxLength: 3 },
  ),
};

/** Messages of some types, with every field that they can have. */
export function forgedMessage(types: readonly string[]): fc.Arbitrary<Message> {
  return fc.record({ type: fc.constantFrom(...types), ...FIELDS }).map((value) => {
    const parsed = parseMessage(value);
    assert("message" in parsed, JSON.stringify(parsed));
    return parsed.message;
  });
}
