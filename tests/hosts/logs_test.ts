import { assertEquals, assertMatch } from "@std/assert";
import { withWorld } from "./worlds/with_hosts.ts";
import { smmp } from "./worlds/world.ts";

Deno.test("hosts: logs of all hosts are followed, and say whose lines are missing", async () => {
  await withWorld(async (world) => {
    const services = { talker: { instances: { min: 2, max: 2 } } };
    await world.startManager();
    for (const agent of ["a1", "a2"] as const) {
      await world.startAgent(agent, { services, flags: ["--capacity", "1"] });
    }
    await world.until("one instance on each host", ({ instances }) => {
      const running = instances.items.filter(({ service, state }) =>
        service === "talker" && state === "running"
      );
      return running.map(({ agent }) => agent).toSorted().join() === "a1,a2";
    });
    const args = ["logs", "talker", "--follow", "--json", "--data", "manager"];
    const logs = world.run("manager", "logs", smmp(...args));
    await logs.event("line", { agent: "a1" });
    await logs.event("line", { agent: "a2" });

    await world.hosts.cut("a2");
    const { reason } = await logs.event("problem", { agent: "a2" });
    assertMatch(String(reason), /its lines are missing$/);
    await logs.event("line", { agent: "a1" }, logs.place);

    await world.hosts.mend("a2");
    await logs.event("line", { agent: "a2" }, logs.place);

    // Whoever follows goes on when there is a manager again.
    await world.program("manager").end("SIGKILL");
    await logs.line(/^Cannot follow /);
    const toldAt = logs.place;
    await world.startManager();
    for (const agent of ["a1", "a2"]) await logs.event("line", { agent }, toldAt);
    assertEquals((await logs.end("SIGINT")).code, 130);
  });
});
