import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DEADLINE_MS } from "../meshes/mesh_process.ts";
import { DistributedMesh } from "../meshes/distributed_mesh.ts";

const ECHO = { echo: {} };

async function revoke(mesh: DistributedMesh, ...whose: readonly string[]): Promise<void> {
  const { code, text } = await mesh.run("ca", "revoke", ...whose, "--dir", "ca");
  assertEquals(code, 0, text);
}

/** Copies the list beside the certificates of a role. */
async function tell(mesh: DistributedMesh, role: string): Promise<void> {
  const { folder } = mesh;
  await Deno.copyFile(`${folder}/ca/revoked.json`, `${folder}/certs/${role}/revoked.json`);
}

Deno.test("manager leaves an agent that was revoked, until it is issued anew", async () => {
  await using mesh = await DistributedMesh.make({ isSecure: true });
  const manager = await mesh.startManager();
  const { program: agent } = await mesh.startAgent("a1", ECHO);
  const { program: other } = await mesh.startAgent("a2", ECHO);
  await revoke(mesh, "agent", "a1");
  const [place, otherPlace] = [manager.place, other.place];
  await tell(mesh, "manager");
  await manager.event(
    "agentDisconnected",
    { agent: "a1", reason: /certificate was revoked/ },
    place,
  );
  await agent.event("away", { reason: /it refuses this end: its certificate was revoked/ });
  await manager.event("warning", { reason: /its certificate was revoked/ }, place);
  const { place: before } = agent;
  await mesh.issue("agent", "a1");
  await agent.event("registered", {}, before);
  assertEquals(other.printed.slice(otherPlace).filter((line) => /"away"/.test(line)), []);
});

Deno.test("agent and gateway leave a manager and an agent that were revoked", async () => {
  await using mesh = await DistributedMesh.make({ isSecure: true });
  await mesh.startManager();
  const { program: agent, listen } = await mesh.startAgent("a1", ECHO);
  const gateway = await mesh.startGateway(listen);
  assertEquals(await mesh.text("/echo/who?id=Ada"), "Ada");
  await revoke(mesh, "manager");
  await tell(mesh, "a1");
  await agent.event("away", { reason: /certificate was revoked/ });
  await agent.event("away", { reason: /Cannot connect to ".*": its certificate was revoked/ });
  const registered = agent.place;
  await mesh.issue("manager", "manager", { hosts: ["127.0.0.1"] });
  await agent.event("registered", {}, registered);
  await revoke(mesh, "agent", "a1");
  await tell(mesh, "g1");
  await gateway.event("away", { reason: /Cannot connect to ".*": its certificate was revoked/ });
  // What is connected goes on, as while any agent is away.
  assertEquals(await mesh.text("/echo/who?id=Bob"), "Bob");
  const { place } = gateway;
  await mesh.issue("agent", "a1");
  await gateway.event("registered", {}, place);
});

Deno.test("manager leaves an operator that was revoked, and ends its streams", async () => {
  await using mesh = await DistributedMesh.make({ isSecure: true });
  const manager = await mesh.startManager();
  for (const name of ["ada", "bob"]) await mesh.issue("operator", name);
  const of = (name: string) => ["--manager", mesh.manager, ...mesh.tls(name)];
  const tap = mesh.start("tap", "tap", ...of("ada"), "--json");
  await mesh.startAgent("a1", ECHO);
  await tap.line(/agentHealthRequest/);
  await revoke(mesh, "operator", "ada");
  await tell(mesh, "manager");
  await tap.line(/Cannot follow the messages for now/);
  const refused = await mesh.run("agents", ...of("ada"));
  assertStringIncludes(refused.text, "it refuses this end: its certificate was revoked");
  const { code, text } = await mesh.run("agents", ...of("bob"));
  assertEquals([refused.code, code], [1, 0], text);
  await manager.event("warning", { reason: /revoked certificates in .* has changed/ });
});

Deno.test("a gateway that was revoked keeps no connection to a service", async () => {
  await using mesh = await DistributedMesh.make({ isSecure: true });
  const manager = await mesh.startManager();
  const { listen } = await mesh.startAgent("a1", { echo: { idle: "10m" } });
  await mesh.startGateway(listen);
  assertEquals(await mesh.text("/echo/who?id=Ada"), "Ada");
  await revoke(mesh, "gateway", "g1");
  await tell(mesh, "a1");
  await manager.event("instanceEnded", { service: "gateway", reason: /certificate was revoked/ });
  const ask = async () => {
    const signal = AbortSignal.timeout(5_000);
    const response = await fetch(`${mesh.gatewayUrl}/echo/who?id=Bob`, { signal });
    return response.ok && await response.text() === "Bob";
  };
  // Whoever has no answer in time has no connection.
  const endMs = performance.now() + DEADLINE_MS;
  while (await ask().catch(() => false)) assert(performance.now() < endMs, "it is still served");
});
