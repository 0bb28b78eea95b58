import { assert, assertEquals, assertMatch } from "@std/assert";
import { killManagers } from "./manager_kills.ts";
import { withWorld } from "./with_hosts.ts";

const LOAD = { perSecond: 200, deadlineMs: 10_000 } as const;

Deno.test("hosts: no request fails while the manager is killed and started again", async () => {
  await withWorld(async (world) => {
    const report = await killManagers(world, { perSecond: LOAD.perSecond, requestsBetween: 300 });
    assertEquals(report.failures, {});
    assertEquals(report.done, report.sent);
  });
});
