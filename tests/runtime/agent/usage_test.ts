import { assert, assertEquals } from "@std/assert";
import type { ReportedUsage } from "../../../protocol/announcements.ts";
import { usageOfGroups } from "../../../runtime/agent/usage/process_table.ts";
import { UsageWatch } from "../../../runtime/agent/usage/usage_watch.ts";

const HOLDS = "const held = new Uint8Array(80_000_000).fill(1); console.log(held.length);" +
  "for await (const _ of Deno.stdin.readable);";

/** A process in a session of its own, whose child holds 80 MB and is ready. */
async function heavySession() {
  const child = new Deno.Command("/usr/bin/setsid", {
    args: ["/bin/sh", "-c", '"$0" eval "$1"; true', Deno.execPath(), HOLDS],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      while (!(await reader.read()).done);
      await child.status;
    },
  };
}

Deno.test({
  name: "usageOfGroups() counts what the children of a session hold too, and nobody else's",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using session = await heavySession();
    const usages = usageOfGroups(new Set([session.pid]));
    assertEquals([...usages.keys()], [session.pid]);
    const { memoryBytes = 0, cpuMs = 0 } = usages.get(session.pid) ?? {};
    assert(memoryBytes > 80_000_000 && memoryBytes < 1_000_000_000, `${memoryBytes}`);
    assert(cpuMs > 0, `${cpuMs}`);
    assertEquals(usageOfGroups(new Set([2 ** 30])).size, 0);
  },
});

Deno.test({
  name: "UsageWatch looks while there are processes, and wakes no more when there are none",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { promise, resolve } = Promise.withResolvers<readonly ReportedUsage[]>();
    const looks: number[] = [];
    const leaders: [number, number][] = [];
    const watch = new UsageWatch({
      leaders: () => leaders,
      everyMs: 1,
      measured: (usages) => {
        looks.push(usages.length);
        leaders.length = 0;
        resolve(usages);
      },
    });
    await using session = await heavySession();
    leaders.push([7, session.pid]);
    watch.begin();
    const [usage] = await promise;
    assertEquals([usage?.serviceID, usage?.cpuPermille], [7, 0]);
    assert((usage?.memoryBytes ?? 0) > 80_000_000);
    watch.stop();
    assertEquals(looks, [1]);
  },
});

Deno.test("usageOfGroups() tells nothing while no file can be opened", async () => {
  const table = new URL("../../../runtime/agent/usage/process_table.ts", import.meta.url).href;
  const full = `const { usageOfGroups } = await import("${table}");
    const open = () => Deno.openSync("/dev/null");
    const files = [];
    try { for (;;) files.push(open()); } catch { console.log(usageOfGroups(new Set([1])).size); }
    for (const file of files) file.close();`;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 100 && exec "$0" eval "$1"', Deno.execPath(), full],
    stderr: "inherit",
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "0\n");
});
