import { assert, assertEquals, assertThrows } from "@std/assert";
import { relative } from "node:path";
import fc from "fast-check";
import { openAgentData } from "../../../runtime/agent/records/agent_data.ts";

async function inFolder(run: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    await run(`${folder}/data`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const RECORD = {
  serviceID: 7,
  service: "greeter",
  plugs: { in: 20_007, out: ["counter"] },
  pid: 4_000,
  startedAt: "boot/77",
} as const;

Deno.test("openAgentData() finds again what was written, which nobody else can read", () =>
  inFolder((folder) => {
    const first = openAgentData(folder, "a1");
    assertEquals([first.port, first.secret.length], [undefined, 32]);
    first.keepPort(19_123);
    first.records.add(RECORD);
    first.records.add({ ...RECORD, serviceID: 8, version: "abc" });
    const again = openAgentData(folder, "a1");
    assertEquals([again.port, again.secret], [19_123, first.secret]);
    assertEquals(again.records.list(), [RECORD, { ...RECORD, serviceID: 8, version: "abc" }]);
    again.records.remove(7);
    again.records.remove(7);
    assertEquals(first.records.list().map(({ serviceID }) => serviceID), [8]);
    assertEquals(Deno.statSync(`${folder}/secret`).mode! & 0o777, 0o600);
    assertEquals(Deno.statSync(folder).mode! & 0o777, 0o700);
  }));

Deno.test("openAgentData() finds a relative folder from wherever its processes work", () =>
  inFolder((folder) => {
    const { records } = openAgentData(relative(Deno.cwd(), folder), "a1");
    assertEquals(records.outputPath(7), `${folder}/instances/7`);
  }));

Deno.test("openAgentData() refuses the folder of another agent, and what is none", () =>
  inFolder((folder) => {
    openAgentData(folder, "a1").keepPort(19_123);
    assertThrows(() => openAgentData(folder, "a2"), Error, 'is the data folder of agent "a1"');
    Deno.writeTextFileSync(`${folder}/agent.json`, "{");
    assertThrows(() => openAgentData(folder, "a1"), Error, "is no description of an agent");
    Deno.writeTextFileSync(`${folder}/secret`, "short");
    Deno.removeSync(`${folder}/agent.json`);
    assertThrows(() => openAgentData(folder, "a1"), Error, "expected 32 bytes, found 5");
  }));

Deno.test("InstanceRecords takes no garbage for a record, and forgets it", () =>
  inFolder((folder) => {
    const { records } = openAgentData(folder, "a1");
    const file = `${folder}/instances/7.json`;
    const value = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record({ ...fields(), pid: fc.oneof(fc.constant(1), fc.integer({ max: 0 })) })
        .map((record) => JSON.stringify(record)),
      fc.record({ ...fields(), serviceID: fc.integer({ min: 8 }) }).map((record) =>
        JSON.stringify(record)
      ),
    );
    fc.assert(
      fc.property(value, (text) => {
        Deno.writeTextFileSync(file, text);
        assertEquals(records.list(), []);
        assert(![...Deno.readDirSync(`${folder}/instances`)].some(({ name }) => name === "7.json"));
      }),
      { numRuns: 200 },
    );
  }));

Deno.test("GatewayRecords finds again what was written, and takes no garbage for a record", () =>
  inFolder((folder) => {
    const gateway = { serviceID: 3, service: "gateway", plugs: { in: null, out: "*" } } as const;
    const { gateways } = openAgentData(folder, "a1");
    gateways.add(gateway);
    gateways.add({ ...gateway, serviceID: 4, token: "secret", peer: "g1" });
    const file = `${folder}/gateways/4.json`;
    assertEquals(Deno.statSync(file).mode! & 0o777, 0o600);
    const again = openAgentData(folder, "a1").gateways;
    assertEquals(again.list(), [gateway, {
      ...gateway,
      serviceID: 4,
      token: "secret",
      peer: "g1",
    }]);
    const wrong = [
      { ...gateway, serviceID: 5 },
      { ...gateway, serviceID: 4, peer: 7 },
      { ...gateway, serviceID: 4, token: 7 },
      {},
      null,
    ];
    for (const text of ["", "{", ...wrong.map((value) => JSON.stringify(value))]) {
      Deno.writeTextFileSync(file, text);
      assertEquals(again.list(), [gateway]);
      assertThrows(() => Deno.statSync(file), Deno.errors.NotFound);
    }
    again.remove(3);
    again.remove(3);
    assertEquals(gateways.list(), []);
  }));

function fields() {
  return Object.fromEntries(
    Object.entries(RECORD).map(([key, value]) => [key, fc.constant<unknown>(value)]),
  );
}
