import { assertEquals, assertMatch } from "@std/assert";
import type { Program } from "../hosts/worlds/program.ts";
import { withWorld } from "../hosts/worlds/with_hosts.ts";
import type { HostName, World } from "../hosts/worlds/world.ts";
import { compileOnce, COMPILER, withBundles } from "./compiled.ts";

const SERVICES = new URL("../hosts/services/", import.meta.url).pathname;

/** Starts a role on a host, where there is nothing but the binary. */
async function startRole(
  world: World,
  { host, name, args }: { host: HostName; name: string; args: readonly string[] },
): Promise<Program> {
  const { binary, emptyPath } = await compileOnce();
  const folders = ["--tls", `certs/${name}`, "--data", `data/${name}`];
  const command = ["/usr/bin/env", `PATH=${emptyPath}`, binary, ...args, ...folders, "--json"];
  return world.run(host, name, command);
}

/** Starts a manager, an agent for each service, and a gateway. */
async function startMesh(world: World, bundles: string): Promise<void> {
  const { hosts } = world;
  const manager = `${hosts.address("manager")}:7400`;
  await (await startRole(world, {
    host: "manager",
    name: "manager",
    args: ["manager", "--listen", manager],
  })).event("managerReady");
  for (const host of ["a1", "a2"] as const) {
    const address = hosts.address(host);
    const places = ["--listen", `${address}:7402`, "--network", address, "--manager", manager];
    const args = ["agent", `${bundles}/${host}.json`, ...places];
    await (await startRole(world, { host, name: host, args })).event("agentReady");
  }
  const agent = ["--agent", `a1@${hosts.address("a1")}:7402`];
  const place = ["--host", hosts.address("edge"), "--port", "8081"];
  const args = ["gateway", ...agent, ...place];
  await (await startRole(world, { host: "edge", name: "g1", args })).event("gatewayReady");
}

/** Says in a file of each host which of the bundles it can start. */
async function splitBundles(bundles: string): Promise<void> {
  const { services, routes } = JSON.parse(await Deno.readTextFile(`${bundles}/mesh.json`));
  const write = (host: string, name: string, ways: unknown) => {
    const text = JSON.stringify({ services: { [name]: services[name] }, routes: ways });
    return Deno.writeTextFile(`${bundles}/${host}.json`, text);
  };
  await write("a1", "front", routes);
  await write("a2", "back", {});
}

Deno.test({
  name: "the binary alone is a mesh of hosts, whose services speak with each other by TLS",
  ignore: COMPILER === undefined,
  fn: () => {
    const front = { entry: `${SERVICES}front.ts`, plugs: ["back"] };
    const services = { front, back: { entry: `${SERVICES}back.ts` } };
    return withBundles({ services, routes: { "/front": "front" } }, async (bundles) => {
      await splitBundles(bundles);
      await withWorld(async (world) => {
        await startMesh(world, bundles);
        const { status, text } = await world.ask("/front/");
        assertEquals(status, 200, text);
        const { instances } = await world.state();
        const places = instances.items.map(({ service, agent }) => [service, agent]).sort();
        assertEquals(places, [["back", "a2"], ["front", "a1"], ["gateway", "a1"]]);
        const back = instances.items.find(({ service }) => service === "back");
        const shown = await certificateAt(world, `${world.hosts.address("a2")}:${back?.plug}`);
        assertMatch(shown, /invalid peer certificate: UnknownIssuer/);
      });
    });
  },
});

/** What a stranger on the edge makes of what is shown at a plug. */
async function certificateAt(world: World, place: string): Promise<string> {
  const [hostname, port] = place.split(":");
  const source = `
    try {
      const options = { hostname: ${JSON.stringify(hostname)}, port: ${port} };
      await (await Deno.connectTls(options)).handshake();
      console.log("trusted");
    } catch (error) {
      console.log(error.message);
    }
  `;
  const dialler = world.run("edge", "stranger", [Deno.execPath(), "eval", source]);
  await dialler.ended();
  return dialler.printed.join(" ");
}
