/**
 * Values of every kind that a message can carry, made from the names of the kinds, so that a new
 * kind without samples fails a test.
 *
 * @module
 */

import { LIMITS } from "../../protocol/limits.ts";

/** What may and may not be in a field of one kind. */
export interface KindSamples {
  /** Values at the bounds, all of which are accepted. */
  readonly good: readonly unknown[];
  /** Values just beyond a bound, or of another type. */
  readonly bad: readonly unknown[];
}

const MANIFEST = {
  plugs: ["counter"],
  connectionIdleMs: 30_000,
  serviceIdleMs: 60_000,
  startTimeoutMs: 10_000,
  graceMs: 0,
};

/** Everything that may be said of a route. */
const LIMITED = {
  connectMs: 1,
  firstByteMs: 2,
  idleMs: 3,
  totalMs: 4,
  bodyBytesMax: 5,
  waitingMax: 6,
  retry: false,
  sticky: { cookie: "sid" },
};
const PORT = { service: "cache", port: 6_379 };
const ROUTE = { path: "/greeter", keepPrefix: false };

const INSTANCE = {
  serviceID: 7,
  typeOfService: "greeter",
  plugConfiguration: { in: 20_000, out: "*" },
  launched: true,
  started: false,
};

const USAGE = { serviceID: 7, memoryBytes: 60_000_000, cpuMs: 90, cpuPermille: 5 };

const LINE = { atMs: 1_764_000_000_000, stream: "stdout", text: "hello" };
const OUTPUT = { service: "greeter", serviceID: 7, next: 3, lost: 0, lines: [LINE] };

const CONNECTION = { serviceID: 7, sourcePlug: 1, destServiceID: 8, destPlug: 20_001 };

function numbers(first: number, last: number): KindSamples {
  const bad = [first - 1, first + 0.5, String(first), NaN, null, true, [first], {}];
  return { good: [first, first + 1, last], bad: [...bad, last + 1] };
}

function idLists(most: number): KindSamples {
  return { good: [[], [1, 2], repeat(1, most)], bad: [[0], ["1"], repeat(1, most + 1), {}, 1] };
}

function texts(charactersMax: number): KindSamples {
  return {
    good: ["", "127.0.0.1", "x".repeat(charactersMax), "ä\u0000\n"],
    bad: ["x".repeat(charactersMax + 1), 1, null, true, ["x"], {}],
  };
}

function repeat<Item>(item: Item, count: number): Item[] {
  return Array.from({ length: count }, () => item);
}

const BAD_NAMES = [
  ...["", "Greeter", "1st", "-x", "a_b", "a b", "__proto__"],
  "x".repeat(LIMITS.nameCharacters + 1),
  ...[7, null, ["x"]],
];

/** Samples of every kind, by the name of the kind. */
export const SAMPLES: Readonly<Record<string, KindSamples>> = {
  "positive integer": numbers(1, Number.MAX_SAFE_INTEGER),
  plug: numbers(1, Number.MAX_SAFE_INTEGER),
  port: numbers(0, 65_535),
  status: numbers(100, 599),
  count: numbers(0, Number.MAX_SAFE_INTEGER),
  milliseconds: numbers(0, LIMITS.durationMs),
  "exit code": numbers(-255, 255),
  text: texts(LIMITS.reasonCharacters),
  address: texts(LIMITS.networkCharacters),
  token: texts(LIMITS.tokenCharacters),
  certificate: texts(LIMITS.certificateCharacters),
  signal: texts(16),
  path: {
    good: ["/", "/health?deep=1", `/${"x".repeat(LIMITS.routeCharacters - 1)}`],
    bad: ["", "health", `/${"x".repeat(LIMITS.routeCharacters)}`, 1, null, ["/"]],
  },
  name: { good: ["a", "greeter-2", "x".repeat(LIMITS.nameCharacters)], bad: BAD_NAMES },
  "list of names": {
    good: [[], ["a", "constructor"], repeat("a", LIMITS.repositoryEntries)],
    bad: [["A"], [null], repeat("a", LIMITS.repositoryEntries + 1), "a", { 0: "a" }, null],
  },
  "{inFlight}": {
    good: [{ inFlight: 0 }, { inFlight: 3, other: 1 }],
    bad: [{}, { inFlight: -1 }, { inFlight: "3" }, [], null, 3],
  },
  "{in, out}": {
    good: [
      { in: 20_000, out: ["counter"] },
      { in: null, out: "*" },
      { in: 0, out: repeat("a", LIMITS.plugsEntries) },
    ],
    bad: [
      { out: [] },
      { in: 70_000, out: [] },
      { in: 1, out: "counter" },
      { in: 1, out: ["*"] },
      { in: 1, out: repeat("a", LIMITS.plugsEntries + 1) },
      { in: 1 },
      null,
      [],
    ],
  },
  "manifests by name": {
    good: [{}, { greeter: MANIFEST }, { constructor: { ...MANIFEST, plugs: "*" } }, {
      greeter: { ...MANIFEST, routes: [ROUTE], placement: "pack", labels: { zone: "a" } },
    }, {
      greeter: { ...MANIFEST, concurrency: 10, routes: [{ ...ROUTE, limits: LIMITED }] },
      cache: { ...MANIFEST, ports: [{ port: 6_379 }, { port: 1, connectionsMax: 1 }] },
    }],
    bad: [
      { Greeter: MANIFEST },
      JSON.parse('{"__proto__":{}}'),
      { greeter: {} },
      { greeter: null },
      { greeter: { ...MANIFEST, graceMs: -1 } },
      { greeter: { ...MANIFEST, placement: "random" } },
      { greeter: { ...MANIFEST, concurrency: 0 } },
      ...[
        { totalMs: -1 },
        { bodyBytesMax: "1" },
        { retry: "no" },
        { sticky: {} },
        { sticky: { cookie: "a", header: "b" } },
        { sticky: { cookie: "a b" } },
        [],
      ].map((limits) => ({ greeter: { ...MANIFEST, routes: [{ ...ROUTE, limits }] } })),
      { greeter: { ...MANIFEST, labels: { zone: 1 } } },
      { greeter: { ...MANIFEST, routes: [{ path: "greeter", keepPrefix: false }] } },
      { greeter: { ...MANIFEST, routes: repeat(ROUTE, LIMITS.serviceRoutes + 1) } },
      { greeter: { ...MANIFEST, plugs: "counter" } },
      { greeter: { ...MANIFEST, ports: [{ port: 0 }] } },
      { greeter: { ...MANIFEST, ports: repeat({ port: 1 }, LIMITS.servicePorts + 1) } },
      { greeter: { ...MANIFEST, startTimeoutMs: LIMITS.durationMs + 1 } },
      Object.fromEntries(
        Array.from({ length: LIMITS.repositoryEntries + 1 }, (_, at) => [`s${at}`, MANIFEST]),
      ),
      [],
      null,
    ],
  },
  "list of positive integers": idLists(LIMITS.avoidedInstances),
  "list of instances of an agent": idLists(LIMITS.reportedInstances),
  "positive count": {
    good: [1, LIMITS.concurrency],
    bad: [0, LIMITS.concurrency + 1, 1.5, "1", null],
  },
  "list of instances": {
    good: [
      [],
      [INSTANCE],
      [{ ...INSTANCE, ticketKey: "k" }],
      repeat(INSTANCE, LIMITS.reportedInstances),
    ],
    bad: [
      [{ ...INSTANCE, serviceID: 0 }],
      [{ ...INSTANCE, launched: 1 }],
      [{ ...INSTANCE, ticketKey: 1 }],
      [{ ...INSTANCE, started: undefined }],
      [{ ...INSTANCE, plugConfiguration: {} }],
      [{ ...INSTANCE, typeOfService: "Greeter" }],
      repeat(INSTANCE, LIMITS.reportedInstances + 1),
      [null],
      INSTANCE,
    ],
  },
  "list of connections": {
    good: [[], [CONNECTION], repeat(CONNECTION, LIMITS.reportedConnections)],
    bad: [
      [{ ...CONNECTION, sourcePlug: 0 }],
      [{ ...CONNECTION, destServiceID: "8" }],
      repeat(CONNECTION, LIMITS.reportedConnections + 1),
      [[]],
      CONNECTION,
    ],
  },
  "list of usages": {
    good: [[], [USAGE], repeat(USAGE, LIMITS.reportedInstances)],
    bad: [
      [{ ...USAGE, serviceID: 0 }],
      [{ ...USAGE, memoryBytes: -1 }],
      [{ ...USAGE, cpuMs: "1" }],
      [{ ...USAGE, cpuPermille: undefined }],
      repeat(USAGE, LIMITS.reportedInstances + 1),
      [null],
      USAGE,
    ],
  },
  "true or false": { good: [true, false], bad: ["true", 0, 1, null, {}] },
  "stdout or stderr": { good: ["stdout", "stderr"], bad: ["", "stdin", 1, null, ["stdout"]] },
  "count of lines": numbers(0, LIMITS.outputLines),
  "list of places": {
    good: [
      [],
      [{ serviceID: 7, next: 0 }],
      repeat({ serviceID: 7, next: 3 }, LIMITS.outputInstances),
    ],
    bad: [
      [{ serviceID: 0, next: 0 }],
      [{ serviceID: 7, next: -1 }],
      [{ serviceID: 7 }],
      repeat({ serviceID: 7, next: 3 }, LIMITS.outputInstances + 1),
      [null],
      {},
    ],
  },
  "list of output": {
    good: [
      [],
      [OUTPUT],
      [{ ...OUTPUT, lines: repeat(LINE, LIMITS.outputLines) }],
      repeat({ ...OUTPUT, lines: [] }, LIMITS.outputInstances),
    ],
    bad: [
      [{ ...OUTPUT, service: "Greeter" }],
      [{ ...OUTPUT, serviceID: 0 }],
      [{ ...OUTPUT, next: undefined }],
      [{ ...OUTPUT, lost: -1 }],
      [{ ...OUTPUT, lines: LINE }],
      [{ ...OUTPUT, lines: [{ ...LINE, atMs: "now" }] }],
      [{ ...OUTPUT, lines: [{ ...LINE, stream: "stdin" }] }],
      [{ ...OUTPUT, lines: [{ ...LINE, text: "x".repeat(LIMITS.outputLineCharacters + 1) }] }],
      [{ ...OUTPUT, lines: repeat(LINE, LIMITS.outputLines + 1) }],
      repeat({ ...OUTPUT, lines: [] }, LIMITS.outputInstances + 1),
      null,
    ],
  },
  permission: {
    good: ["read", "write", "net", "env", "run", "sys", "ffi", "import"],
    bad: ["", "all", "Read", 1, null, ["read"]],
  },
  "name or path": texts(LIMITS.permissionTargetCharacters),
  labels: {
    good: [{}, { zone: "a", gpu: "yes" }],
    bad: [
      { zone: "" },
      { zone: 1 },
      { "": "a" },
      { zone: "x".repeat(LIMITS.labelCharacters + 1) },
      Object.fromEntries(repeat(0, LIMITS.labelEntries + 1).map((_, at) => [`l${at}`, "a"])),
      [],
      null,
    ],
  },
  "list of routes": {
    good: [[], [{ ...ROUTE, service: "greeter" }, {
      ...ROUTE,
      service: "greeter",
      host: "a.example",
    }]],
    bad: [
      [ROUTE],
      [{ ...ROUTE, service: "Greeter" }],
      [{ ...ROUTE, service: "greeter", host: 7 }],
      [{ ...ROUTE, service: "greeter", path: `/${"x".repeat(LIMITS.routeCharacters)}` }],
      repeat({ ...ROUTE, service: "greeter" }, LIMITS.routes + 1),
      {},
      null,
    ],
  },
  "list of ports": {
    good: [[], [PORT], [{ ...PORT, connectionsMax: LIMITS.portConnections }]],
    bad: [
      [{ port: 6_379 }],
      [{ ...PORT, port: 0 }],
      [{ ...PORT, connectionsMax: 0 }],
      repeat(PORT, LIMITS.ports + 1),
      PORT,
      null,
    ],
  },
};
