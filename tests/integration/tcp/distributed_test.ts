import { assertEquals } from "@std/assert";
import { DistributedMesh } from "../meshes/distributed_mesh.ts";
import { freePort, RawClient, scriptOf, until } from "./tcp_mesh.ts";

for (const isSecure of [false, true]) {
  const how = isSecure ? "with certificates" : "in the clear on the loopback";
  Deno.test(`a gateway opens the ports that agents announce, and closes them, ${how}`, async () => {
    await using mesh = await DistributedMesh.make({ isSecure });
    await mesh.startManager();
    const { listen } = await mesh.startAgent("a1", { echo: {} });
    await mesh.startGateway(listen);
    const port = freePort();
    await Deno.mkdir(`${mesh.folder}/a2`);
    await Deno.writeTextFile(
      `${mesh.folder}/a2/mesh.json`,
      JSON.stringify({
        services: { raw: { command: scriptOf("raw"), protocol: "tcp" } },
        ports: { [port]: "raw" },
      }),
    );
    if (isSecure) await mesh.issue("agent", "a2");
    const flags = ["--name", "a2", "--manager", mesh.manager, "--listen", ":0", "--json"];
    const agent = mesh.start("a2", "agent", "a2/mesh.json", ...flags, ...mesh.tls("a2"));
    await agent.event("agentReady");
    // The gateway is told by the manager, after the agent knows that it is registered.
    await until(() => isOpen(port));
    using client = await RawClient.open(port);
    assertEquals(await client.line(), "hello");
    await client.write("echo\n");
    await client.end();
    assertEquals(await client.rest(), "bye\n");
    await agent.end("SIGTERM");
    await until(async () => !await isOpen(port));
  });
}

async function isOpen(port: number): Promise<boolean> {
  try {
    using _client = await RawClient.open(port);
    return true;
  } catch {
    // Nobody listens there.
    return false;
  }
}
