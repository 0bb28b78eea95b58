import { assert, assertEquals, assertMatch } from "@std/assert";
import { createAuthority, issueInto } from "../../runtime/certificates/authority.ts";
import { issueCertificate } from "../../runtime/certificates/issuing.ts";
import type { Attempt } from "./users/stranger_program.ts";
import type { Program } from "./worlds/program.ts";
import { smmp, type World } from "./worlds/world.ts";
import { withWorld } from "./worlds/with_hosts.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const REGISTER = {
  type: "agentRegisterRequest",
  messageID: 1,
  agentName: "a1",
  agentNetwork: "10.77.0.4",
  agentPort: 7_402,
  repository: [],
};

/** Somebody on the edge of the mesh tries to get in at the manager. */
function startStranger(world: World, attempt: Attempt): Program {
  const script = new URL("./users/stranger_program.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  return world.run("edge", "stranger", [
    ...[Deno.execPath(), "run", "-A", "--no-lock", "--config", config, script],
    ...[world.hosts.address("manager"), JSON.stringify(attempt)],
  ]);
}

async function readFolder(folder: string): Promise<{ certificate: string; key: string }> {
  return {
    certificate: await Deno.readTextFile(`${folder}/cert.pem`),
    key: await Deno.readTextFile(`${folder}/key.pem`),
  };
}

/** Certificates that should open nothing, or not what they are shown for. */
async function makeAttempts(world: World): Promise<ReadonlyMap<string, [Attempt, RegExp]>> {
  const certs = `${world.folder}/certs`;
  const authority = await Deno.readTextFile(`${world.folder}/ca/ca.pem`);
  const a1 = { role: "agent", name: "a1" } as const;
  await createAuthority(`${world.folder}/other-ca`);
  await issueInto(`${certs}/other`, { authority: `${world.folder}/other-ca`, identity: a1 });
  const nowMs = Date.now();
  const ours = { authority: `${world.folder}/ca`, identity: a1 };
  const issuer = {
    certificate: authority,
    key: await Deno.readTextFile(`${world.folder}/ca/ca.key`),
  };
  const old = await issueCertificate(issuer, {
    names: ["a1.agent.smmp"],
    validity: { beginsMs: nowMs - 30 * MINUTE_MS, endsMs: nowMs - MINUTE_MS },
  });
  await issueInto(`${certs}/early`, { ...ours, beginsMs: nowMs + DAY_MS });
  const show = async (name: string, says?: unknown): Promise<Attempt> => {
    const shown = await readFolder(`${certs}/${name}`);
    return { kind: "certificate", authority, ...shown, ...(says === undefined ? {} : { says }) };
  };
  const { certificate } = await readFolder(`${certs}/a1`);
  const { key } = await readFolder(`${certs}/a2`);
  return new Map<string, [Attempt, RegExp]>([
    ["of another authority", [await show("other"), /authority/]],
    ["of another role", [await show("g1"), /it is gateway "g1", and a manager takes agents/]],
    ["of another name", [await show("a2", REGISTER), /the certificate of this link is .*a2/]],
    ["that is not valid any more", [
      { kind: "certificate", authority, ...old },
      /expired at/,
    ]],
    ["that is not valid yet", [await show("early"), /not valid before/]],
    ["of somebody else", [
      { kind: "certificate", authority, certificate, key },
      /does not hold the key/,
    ]],
    ["of nobody", [{ kind: "tls", authority }, /it does not answer as a secure link does/]],
    ["of nobody, in plain words", [{ kind: "plain", authority }, /TLS/]],
    ["of nobody, in garbage", [{ kind: "garbage", authority }, /TLS/]],
  ]);
}

Deno.test("hosts: nobody gets in by a bad certificate, and both ends hear why", async () => {
  await withWorld(async (world) => {
    for (const [whose, [attempt, why]] of await makeAttempts(world)) {
      const manager = await world.startManager();
      const outcome = await startStranger(world, attempt).event("outcome");
      const { reason: text } = await manager.event("warning");
      assertMatch(String(text), why, whose);
      // Whoever speaks no TLS can't be told anything.
      const isDeaf = attempt.kind === "plain" || attempt.kind === "garbage";
      if (!isDeaf) assertMatch(String(outcome.text), why, whose);
      const { agents, refusals } = await world.state();
      assertEquals(agents.total, 0, whose);
      const [refusal] = refusals;
      assert(refusal !== undefined && refusal.count >= 1, whose);
      await manager.end("SIGKILL");
    }
  });
});

Deno.test("hosts: roles say what is wrong with their own certificates", async () => {
  await withWorld(async (world) => {
    const manager = `${world.hosts.address("manager")}:7400`;
    const listen = `${world.hosts.address("a1")}:7402`;
    await world.writeServices("a1", { back: {} });
    const attempts: [string[], RegExp][] = [
      [
        ["agent", "a1", "--manager", manager, "--listen", listen],
        /without certificates.*--insecure/,
      ],
      [["agent", "a1", "--manager", manager, "--tls", "certs/g1"], /gateway/],
      [["agent", "a1", "--manager", manager, "--tls", "certs/a2", "--name", "a1"], /a2/],
      [["agent", "a1", "--manager", manager, "--tls", "certs/none"], /certs\/none/],
      [["manager", "--listen", `${world.hosts.address("a1")}:7400`], /without certificates/],
    ];
    for (const [args, why] of attempts) {
      const program = world.run("a1", args.join(" "), smmp(...args));
      const { code } = await program.ended();
      assertMatch(program.printed.join("\n"), why);
      assert(code !== 0, args.join(" "));
    }
  });
});

Deno.test("hosts: a flood of silent connections keeps nobody out", async () => {
  await withWorld(async (world) => {
    await world.startManager();
    await world.startAgent("a1", { services: { front: { plugs: ["back"] }, back: {} } });
    await world.startGateway("g1");
    await startStranger(world, { kind: "flood", count: 1_500 }).line(/flooding/);
    await world.user.beginLoad({ urls: [world.url("/front")], perSecond: 50, deadlineMs: 20_000 });
    const place = world.manager.place;
    await world.startAgent("a2", { services: { back: {} } });
    await world.startGateway("g2");
    assertEquals((await world.ask("/front", "g2")).status, 200);
    await world.user.sendMore(200);
    const { failures, sent, done } = await world.user.endLoad();
    assertEquals([failures, done], [{}, sent]);
    const printed = world.manager.printed.slice(place).join("\n");
    assert(!printed.includes("agentDisconnected"), printed);
  });
});

Deno.test("hosts: an agent that stands still hinders nobody", async () => {
  await withWorld(async (world) => {
    await world.startAll({ a1: { front: { plugs: ["back"] }, back: {} }, a2: { back: {} } });
    assertEquals((await world.ask("/front")).status, 200);
    await world.user.beginLoad({ urls: [world.url("/front")], perSecond: 50, deadlineMs: 20_000 });
    const place = world.manager.place;
    world.program("a2").signal("SIGSTOP");
    await world.manager.event("agentDisconnected", { agent: "a2" }, place);
    await world.user.sendMore(50);
    const later = world.manager.place;
    world.program("a2").signal("SIGCONT");
    await world.manager.event("agentRegistered", { agent: "a2" }, later);
    const { failures, sent, done } = await world.user.endLoad();
    assertEquals([failures, done], [{}, sent]);
    assertEquals((await world.state()).instances.items.filter((one) => one.launched).length, 2);
  });
});
