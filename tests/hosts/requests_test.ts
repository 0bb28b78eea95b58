import { assert, assertEquals, assertMatch } from "@std/assert";
import { withWorld } from "./worlds/with_hosts.ts";
import { smmp } from "./worlds/world.ts";

Deno.test("hosts: a request goes from host to host, and to the next", async () => {
  await withWorld(async (world) => {
    await world.startAll({ a1: { front: { plugs: ["back"] } }, a2: { back: {} } });
    const answer = await world.ask("/front");
    assertMatch(answer.text, /^front \d+, back \d+$/);
    assertEquals(answer.status, 200);
    const { instances } = await world.state();
    const places = instances.items.map(({ service, agent }) => `${service} on ${agent}`);
    assertEquals(places.filter((place) => !place.startsWith("gateway")).sort(), [
      "back on a2",
      "front on a1",
    ]);
    assert(places.includes("gateway on a1") && places.includes("gateway on a2"), String(places));
  });
});

Deno.test("hosts: an operator looks into the mesh by his certificate", async () => {
  await withWorld(async (world) => {
    await world.startAll({ a1: { front: { plugs: ["back"] } }, a2: { back: {} } });
    assertEquals((await world.ask("/front")).status, 200);
    await world.issue("operator", "alice");
    const manager = ["--manager", `${world.hosts.address("manager")}:7400`];
    const look = async (...flags: string[]) => {
      const program = world.run("user", "ps", smmp("ps", "--json", ...manager, ...flags));
      const { code } = await program.ended();
      return { code, text: program.printed.join("\n") };
    };
    const seen = await look("--tls", "certs/alice");
    assertEquals(seen.code, 0, seen.text);
    const services = JSON.parse(seen.text).items.map((one: { service: string }) => one.service);
    assertEquals(services.sort(), ["back", "front", "gateway", "gateway"]);
    // An agent is no operator.
    const refused = await look("--tls", "certs/a1");
    assert(refused.code !== 0, refused.text);
    assertMatch(refused.text, /operator/);
  });
});
