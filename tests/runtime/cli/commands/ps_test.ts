import { assertEquals, assertMatch } from "@std/assert";
import { checked } from "../../admin/fake_backend.ts";
import { GATEWAY_TO_GREETER } from "../../store/fact_samples.ts";
import { cellsOf, timeless, withServedMesh } from "../served_mesh.ts";

const PS_HEAD = ["ID", "SERVICE", "STATE", "AGENT", "PLUG"];

Deno.test("ps lists those of one service, or those that use most first", async () => {
  await withServedMesh(async ({ run }) => {
    const idsOf = async (words: string) => {
      const list: { items: { id: number }[] } = JSON.parse((await run(`${words} --json`)).out);
      return list.items.map(({ id }) => id);
    };
    assertEquals(await idsOf("ps --service counter"), [3]);
    assertEquals(await idsOf("ps --sort memory"), [2, 1, 3]);
    assertMatch((await run("ps --sort age")).err, /expected memory or cpu/);
  });
});

Deno.test("ps lists the instances", async () => {
  await withServedMesh(async ({ run, backend }) => {
    const { code, out, err } = await run("ps");
    assertEquals([code, err], [0, ""]);
    assertEquals(cellsOf(timeless(out)), [
      [...PS_HEAD, "IN", "OUT", "REQS", "MEMORY", "CPU", "RESTARTS", "AGE", "USED", "CLOSES"],
      [..."1 gateway running local - 0 1 4 - - 0 T".split(" "), "T ago", "always runs"],
      [..."2 greeter running local 20000 1 0 4".split(" "), "61 MB", "0.5%", "0", "T", "T ago"]
        .concat("1 connection"),
      ["3", "counter", "closing (soft)", ..."local 20001 0 0 0 - - 0 T".split(" "), "T ago", "-"],
    ]);
    backend.record({
      kind: "connectionClosed",
      ...GATEWAY_TO_GREETER,
      status: 111,
      reason: "closed",
    });
    assertMatch((await run("ps")).out, /greeter .* in \d+s\n/);
  });
});

Deno.test("ps tells of a service that crashed, and with --all of what could run", async () => {
  await withServedMesh(async ({ run, backend }) => {
    const counter = { serviceID: 3, service: "counter" } as const;
    const reason = "exit code 1";
    backend.record({
      kind: "instanceEnded",
      ...counter,
      status: 500,
      reason,
      crash: { inRow: 5, pauseMs: 1e9 },
    });
    const last = async (words: string) =>
      timeless((await run(words)).out).trimEnd().split("\n").at(-1);
    assertMatch(await last("ps") ?? "", /^ *- +counter +crashed .* 1 +- +T ago +tried in 11d/);
    backend.record({ kind: "serviceCrashLooping", service: "counter", crashes: 5, reason });
    assertMatch(await last("ps") ?? "", /counter +crash loop/);
    const { services } = JSON.parse((await run("ps --json")).out);
    assertEquals(checked("ServiceList", { total: 1, items: services }).items[0]?.crash?.inRow, 5);
    backend.record({ kind: "serviceRecovered", service: "counter", reason: "reset" });
    assertMatch(await last("ps") ?? "", /greeter/);
    assertMatch(await last("ps --all") ?? "", /^ *- +counter +not running .* 1 +- +T ago +-$/);
  });
});

Deno.test("starts lists the parts of each start, and what is usual", async () => {
  await withServedMesh(async ({ run, backend }) => {
    const plugs = { in: 20_009, out: [] };
    const greeter = { serviceID: 9, service: "greeter" } as const;
    backend.record(
      { kind: "instanceStarting", ...greeter, agent: "local", plugs, reason: "a test" },
      {
        kind: "instanceStarted",
        ...greeter,
        took: { waitMs: 5, placeMs: 100, spawnMs: 600, loadMs: 300 },
      },
    );
    const lines = cellsOf((await run("starts greeter")).out);
    assertEquals(lines.map((cells) => cells[0]), ["ID", "2", "9", "median", "p95"]);
    assertEquals(lines[2]?.slice(4), ["1005 ms", "5 ms", "100 ms", "600 ms", "300 ms", "-", "-"]);
    assertEquals(checked("StartList", JSON.parse((await run("starts --json")).out)).total, 3);
    assertMatch((await run("starts greter")).err, /no such service; did you mean "greeter"/);
  });
});

Deno.test("ps of a service that nobody knows says so", async () => {
  await withServedMesh(async ({ run }) => {
    const { code, err } = await run("ps --service greter");
    assertEquals([code, err], [
      1,
      'Cannot list "greter": no such service; did you mean "greeter"?\n',
    ]);
  });
});
