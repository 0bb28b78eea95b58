import { assert, assertEquals, assertMatch } from "@std/assert";
import type { PlugOrder } from "./users/plug_program.ts";
import { withWorld } from "./worlds/with_hosts.ts";
import type { World } from "./worlds/world.ts";

/** What a stranger on the host of the user is told at a plug. */
async function knock(world: World, order: PlugOrder): Promise<string> {
  const script = new URL("./users/plug_program.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const program = world.run("user", "knocker", [
    ...[Deno.execPath(), "run", "-A", "--no-lock", "--config", config, script],
    JSON.stringify(order),
  ]);
  return String((await program.event("outcome")).text);
}

Deno.test("hosts: sessions are encrypted, and no plug lets in a stranger", async () => {
  await withWorld(async (world) => {
    await world.startAll({ a1: { front: { plugs: ["back"] } }, a2: { back: {} } });
    assertMatch((await world.ask("/front")).text, /^front \d+, back \d+$/);
    const { connections } = await world.state();
    const [connection] = connections.items.filter(({ to }) => to.service === "back");
    assert(connection !== undefined);
    const { from, to } = connection;
    const hello = { serviceID: from.id, sourcePlug: from.plug + 1, destServiceID: to.id };
    const place = { hostname: world.hosts.address("a2"), port: to.plug, hello };
    const certificate = await Deno.readTextFile(`${world.folder}/a2/data/sessions.pem`);
    assertMatch(await knock(world, place), /the peer closed the connection|reset/);
    assertMatch(await knock(world, { ...place, certificate }), /it shows no ticket of the manager/);
    const another = { ...hello, destServiceID: to.id + 50 };
    assertMatch(
      await knock(world, { ...place, hello: another, certificate }),
      /invalid peer certificate/,
    );
    const { mode } = await Deno.stat(`${world.folder}/a2/data/sessions.key`);
    assertEquals((mode ?? 0) & 0o777, 0o600);
    assertMatch((await world.ask("/front")).text, /^front \d+, back \d+$/);
  });
});

Deno.test("hosts: a program that speaks the protocol itself is reached by TLS", async () => {
  await withWorld(async (world) => {
    const program = new URL("../../examples/python/hello.py", import.meta.url).pathname;
    const hello = { entry: undefined, command: ["python3", program], protocol: "smmp" };
    await world.startAll({ a1: { hello }, a2: {} });
    const answer = "Hello from Python GET http://hello.mesh/\n";
    assertEquals((await world.ask("/hello")).text, answer);
    // By a gateway of another agent, and by a session of its own.
    assertEquals((await world.ask("/hello", "g2")).text, answer);
  });
});
