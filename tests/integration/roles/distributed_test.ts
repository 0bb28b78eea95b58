import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadCredentials } from "../../../runtime/certificates/loading.ts";
import { parseAddress } from "../../../runtime/distributed/address.ts";
import { dialRole } from "../../../runtime/distributed/role_links.ts";
import { createAuthority } from "../../../runtime/certificates/authority.ts";
import { DialError } from "../../../transports/tcp.ts";
import { DistributedMesh } from "../meshes/distributed_mesh.ts";

/** A service that asks another one, which may be at another agent. */
const CALLER = { caller: { plugs: ["echo"] } };
const ECHO = { echo: {} };

for (const isSecure of [false, true]) {
  const how = isSecure ? "with certificates" : "in the clear on the loopback";
  Deno.test(`manager, agent and gateway serve as processes of their own, ${how}`, async () => {
    await using mesh = await DistributedMesh.make({ isSecure });
    const manager = await mesh.startManager();
    const { listen } = await mesh.startAgent("a1", CALLER);
    await mesh.startAgent("a2", ECHO);
    await mesh.startGateway(listen);
    // The gateway was told of the routes of both agents, and the caller of the other agent's echo.
    assertEquals(await mesh.text("/caller/fetch/echo/who?id=Ada"), "Ada");
    assertEquals(await mesh.text("/echo/who?id=Bob"), "Bob");
    await manager.event("instanceStarted", { service: "caller" });
    await manager.event("instanceStarted", { service: "echo" });
    if (isSecure) await mesh.issue("operator", "ada");
    const operator = isSecure ? mesh.tls("ada") : ["--data", "manager"];
    const ps = await mesh.run("ps", "--manager", mesh.manager, ...operator);
    assertEquals(ps.code, 0, ps.text);
    for (const word of ["a1", "a2", "caller", "echo", "gateway"]) {
      assertStringIncludes(ps.text, word);
    }
    const call = await mesh.run("call", "echo", "/who?id=Cy", "--data", ".");
    assertEquals([call.code, call.text], [0, "Cy"]);
  });
}

Deno.test("gateway that was started before its agent: a request waits for the routes", async () => {
  await using mesh = await DistributedMesh.make();
  const manager = await mesh.startManager();
  const { program: agent, listen } = await mesh.startAgent("a1", ECHO);
  assertEquals((await agent.end("SIGTERM")).code, 0);
  const place = manager.place;
  const args = ["--agent", listen, "--port", "0", "--data", "none", "--json"];
  const gateway = mesh.start("g1", "gateway", ...args);
  const { gatewayUrl } = await gateway.event("gatewayListening");
  const waiting = fetch(`${gatewayUrl}/echo/who?id=Ada`);
  await gateway.event("away");
  await mesh.startAgent("a1", ECHO, listen);
  const response = await waiting;
  assertEquals([response.status, await response.text()], [200, "Ada"]);
  await manager.event("instanceStarted", { service: "echo" }, place);
});

Deno.test("manager killed while requests run: none fails, what must wait is answered", async () => {
  await using mesh = await DistributedMesh.make();
  const manager = await mesh.startManager();
  const { program: agent, listen } = await mesh.startAgent("a1", { ...CALLER, ...ECHO });
  await mesh.startGateway(listen);
  assertEquals(await mesh.text("/echo/who?id=first"), "first");
  let isOver = false;
  let count = 0;
  const asking = (async () => {
    while (!isOver) {
      count += 1;
      assertEquals(await mesh.text(`/echo/who?id=${count}`), `${count}`);
    }
  })();
  const place = agent.place;
  await manager.end("SIGKILL");
  await agent.event("away", {}, place);
  // Nobody can say where the caller is: this waits for the next manager.
  const waiting = mesh.text("/caller/fetch/echo/who?id=waited");
  const before = count;
  await mesh.startManager();
  await agent.event("registered", {}, place);
  assertEquals(await waiting, "waited");
  assert(count > before, "no request was answered while the manager was away");
  isOver = true;
  await asking;
});

for (const isSecure of [false, true]) {
  const how = isSecure ? "with certificates" : "in the clear on the loopback";
  Deno.test(`agent killed and restarted: no request of its gateway fails, ${how}`, async () => {
    await using mesh = await DistributedMesh.make({ isSecure });
    const manager = await mesh.startManager();
    const services = { ...CALLER, ...ECHO };
    const first = await mesh.startAgent("a1", services);
    const { listen } = first;
    const gateway = await mesh.startGateway(listen);
    const pid = await mesh.text("/echo/pid");
    let isOver = false;
    let count = 0;
    const asking = [1, 2, 3].map(async (user) => {
      while (!isOver) {
        count += 1;
        const id = `${user}-${count}`;
        assertEquals(await mesh.text(`/echo/who?id=${id}`), id);
      }
    });
    let { program: agent } = first;
    for (const round of [1, 2]) {
      const place = gateway.place;
      await agent.end("SIGKILL");
      await gateway.event("away", {}, place);
      // In the first round the caller was never started: this waits for the next agent.
      const waiting = mesh.text(`/caller/fetch/echo/who?id=waited-${round}`);
      assertEquals(await mesh.text("/echo/who?id=meanwhile"), "meanwhile");
      ({ program: agent } = await mesh.startAgent("a1", services, listen));
      await gateway.event("registered", {}, place);
      assertEquals(await waiting, `waited-${round}`);
    }
    isOver = true;
    await Promise.all(asking);
    assertEquals(await mesh.text("/echo/pid"), pid);
    // The gateway is the instance that it was, and nothing was given up.
    const told = (kind: string) =>
      manager.printed.filter((line) => line.includes(`"kind":"${kind}"`)).length;
    assertEquals([told("instanceRegistered"), told("instanceEnded")], [1, 0]);
  });
}

Deno.test("SIGTERM ends a manager, and an agent with its services", async () => {
  await using mesh = await DistributedMesh.make();
  const manager = await mesh.startManager();
  const { program: agent, listen } = await mesh.startAgent("a1", ECHO);
  const gateway = await mesh.startGateway(listen);
  assertEquals(await mesh.text("/echo/who?id=Ada"), "Ada");
  assertEquals((await manager.end("SIGTERM")).code, 0);
  assertEquals(await mesh.text("/echo/who?id=Bob"), "Bob");
  const { place } = agent;
  const again = await mesh.startManager();
  await agent.event("registered", {}, place);
  assertEquals((await agent.end("SIGTERM")).code, 0);
  await again.event("instanceEnded", { service: "echo", reason: /exited with code 0/ });
  assertEquals((await gateway.end("SIGINT")).code, 0);
  assertEquals((await again.end("SIGINT")).code, 0);
  assertEquals(await mesh.processes(), []);
});

for (const isAwayBefore of [true, false]) {
  const when = isAwayBefore ? "before the agent" : "while the agent ends";
  Deno.test(`SIGTERM ends services softly though their manager is killed ${when}`, async () => {
    await using mesh = await DistributedMesh.make();
    const manager = await mesh.startManager();
    const { program: agent, listen } = await mesh.startAgent("a1", ECHO);
    await mesh.startGateway(listen);
    const { readable, writable } = new TransformStream<string, string>();
    const body = readable.pipeThrough(new TextEncoderStream());
    const writer = writable.getWriter();
    void writer.write("before ");
    const response = await fetch(`${mesh.gatewayUrl}/echo/mirror`, { method: "POST", body });
    if (isAwayBefore) {
      const { place } = agent;
      await manager.end("SIGKILL");
      await agent.event("away", {}, place);
    }
    agent.signal("SIGTERM");
    await agent.event("agentStopping");
    if (!isAwayBefore) {
      // The manager has begun to end the instance, and waits for what is in flight.
      await manager.event("instanceLeaving", { service: "echo" });
      await manager.end("SIGKILL");
    }
    await writer.write("after");
    await writer.close();
    assertEquals(await response.text(), "before after");
    assertEquals((await agent.ended()).code, 0);
    const warned = agent.printed.filter((line) => line.includes("Cannot end every service"));
    assertEquals(warned, []);
    assertEquals(await mesh.processes().then((pids) => pids.length), 1);
  });
}

Deno.test("roles refuse who does not belong, and both sides say why", async () => {
  await using mesh = await DistributedMesh.make({ isSecure: true });
  const manager = await mesh.startManager();
  await mesh.startAgent("a1", ECHO);
  await createAuthority(`${mesh.folder}/other`);
  await mesh.issue("agent", "a1", { authority: "other", into: "certs/rogue" });
  await mesh.issue("gateway", "g1");
  const agent = ["agent", "a1/mesh.json", "--manager", mesh.manager, "--listen", ":0"];
  const place = manager.place;
  // A certificate of another mesh.
  const rogue = mesh.start("rogue", ...agent, "--tls", "certs/rogue", "--data", "none", "--json");
  await rogue.event("away", { reason: /not issued by the authority of this mesh/ });
  await manager.event("warning", { reason: /does not accept the certificate/ }, place);
  // No certificate at all.
  const plain = mesh.start("plain", ...agent, "--name", "a3", "--data", "none", "--json");
  await plain.event("away", { reason: /it may want certificates, --tls/ });
  // A gateway where operators are awaited.
  const ps = await mesh.run("ps", "--manager", mesh.manager, ...mesh.tls("g1"));
  assertStringIncludes(ps.text, 'that of gateway "g1", and that of an operator is needed');
  const gateway = await loadCredentials(`${mesh.folder}/certs/g1`);
  const refused = await assertRejects(() =>
    dialRole({
      address: parseAddress(mesh.manager),
      credentials: () => gateway,
      expects: { role: "manager", name: "manager" },
    }, () => ({ received() {}, malformed() {}, closed() {} })), DialError);
  assertStringIncludes(
    refused.message,
    'it is gateway "g1", and a manager takes agents and operators',
  );
  await manager.event("warning", { reason: /it is gateway "g1"/ }, place);
  // What can be seen before anything is dialled.
  const role = await mesh.run(...agent, ...mesh.tls("g1"));
  assertStringIncludes(role.text, 'it is that of gateway "g1"');
  const name = await mesh.run(...agent, ...mesh.tls("a1"), "--name", "a2");
  assertStringIncludes(name.text, 'Cannot name the agent "a2"');
  assertEquals([ps.code, role.code, name.code], [1, 1, 1]);
});

Deno.test("manager holds an agent to the name in its certificate", async () => {
  await using mesh = await DistributedMesh.make({ isSecure: true });
  await mesh.startManager();
  await mesh.startAgent("a1", ECHO);
  const credentials = await loadCredentials(`${mesh.folder}/${await mesh.issue("agent", "a2")}`);
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  const answers: unknown[] = [];
  const link = await dialRole({
    address: parseAddress(mesh.manager),
    credentials: () => credentials,
    expects: { role: "manager", name: "manager" },
  }, () => ({ received: (value) => answers.push(value), malformed() {}, closed: resolve }));
  link.send({
    type: "agentRegisterRequest",
    messageID: 1,
    agentNetwork: "127.0.0.1",
    agentPort: 1,
    repository: ["echo"],
    agentName: "a1",
  });
  await closed;
  const [answer] = answers;
  assertStringIncludes(JSON.stringify(answer), '"status":403');
  assertStringIncludes(JSON.stringify(answer), "the certificate of this link is that of agent");
  await mesh.issue("operator", "ada");
  const { text } = await mesh.run("agents", "--manager", mesh.manager, ...mesh.tls("ada"));
  assertStringIncludes(text, "connected");
  assert(!text.includes("a2"), text);
});

Deno.test("roles leave the machine in the clear only by a word of their user", async () => {
  await using mesh = await DistributedMesh.make();
  const open = await mesh.run("manager", "--listen", "0.0.0.0:0", "--data", "none");
  const dial = await mesh.run("gateway", "--agent", "10.1.2.3:7402", "--data", "none");
  for (const { code, text } of [open, dial]) {
    assertEquals(code, 1);
    assertStringIncludes(text, "without certificates");
  }
  const flags = ["--insecure", "--admin", ":0", "--data", "none", "--json"];
  const manager = mesh.start("manager", "manager", "--listen", "0.0.0.0:0", ...flags);
  await manager.event("warning", { reason: /is open to everybody/ });
  await manager.event("managerReady");
  assertEquals((await manager.end("SIGTERM")).code, 0);
});
