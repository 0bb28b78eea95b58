import { assertEquals } from "@std/assert";
import { DistributedMesh } from "../distributed_mesh.ts";
import { freePort, RawClient, scriptOf } from "./tcp_mesh.ts";

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
    using client = await untilOpen(port);
    assertEquals(await client.line(), "hello");
    await client.write("echo\n");
    await client.end();
    assertEquals(await client.rest(), "bye\n");
    await agent.end("SIGTERM");
    await untilClosed(port);
  });
}

/** The gateway is told by the manager, after the agent knows that it is registered. */
async function untilOpen(port: number): Promise<RawClient> {
  for (;;) {
    try {
      return await RawClient.open(port);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function untilClosed(port: number): Promise<void> {
  for (let isOpen = true; isOpen;) {
    try {
      using _client = await RawClient.open(port);
    } catch {
      isOpen = false;
    }
  }
}
