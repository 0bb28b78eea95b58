import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { isDenoFrom } from "../../../transports/deno_version.ts";
import { DEADLINE_MS, type MeshProcess, startMesh } from "../meshes/mesh_process.ts";
import { isRunning, killAll, untilGone } from "../meshes/processes.ts";

/** A service that does what its path says. */
const SERVICE = `
  import process, { exit } from "node:process";
  import { BroadcastChannel as NodeChannel } from "node:worker_threads";
  import { busy, onDrain } from ${JSON.stringify(new URL("../../../mod.ts", import.meta.url).href)};
  import { mark } from "./shared/mark.ts";
  let requests = 0;
  onDrain((reason: string) => console.log("drained: " + reason));
  const env = (name: string) => {
    try {
      return Deno.env.get(name) ?? null;
    } catch (error) {
      return error instanceof Error ? error.name : "?";
    }
  };
  const ways: Record<string, () => unknown> = {
    "/throw": () => setTimeout(() => { throw new Error("thrown") }),
    "/reject": () => void Promise.reject(new Error("rejected")),
    "/exit": () => Deno.exit(7),
    "/node-exit": () => exit(8),
    "/close": () => self.close(),
    "/loop": () => { console.log("loops"); for (;;); },
    "/full": () => { for (const all: number[][] = [];;) all.push(Array(1e6).fill(Math.random())); },
    "/read": () => Deno.readTextFileSync("/etc/hostname"),
    "/run": () => new Deno.Command("true").outputSync(),
    "/chdir": () => Deno.chdir("/"),
    "/worker": () => new Worker("data:text/javascript,for(;;);", { type: "module" }),
    "/channel": () => new BroadcastChannel("all"),
    "/node-channel": () => new NodeChannel("all").postMessage("hello"),
    "/signal": () => Deno.kill(Deno.pid, "SIGTERM"),
    "/node-signal": () => process.kill(process.pid, "SIGTERM"),
    "/say-ended": () => self.postMessage(0),
    "/name": () => console.log("I am " + self.name),
    "/busy": () => busy("a test"),
    "/print": () => {
      Deno.stdout.writeSync(new TextEncoder().encode("in two "));
      Deno.stdout.writeSync(new TextEncoder().encode("pieces\\n"));
      process.stdout.write("by node\\n");
      console.error("%s has", "an error", { code: 3 });
      console.log("x".repeat(5_000) + "END");
    },
  };
  export default {
    async fetch(request: Request): Promise<Response> {
      requests += 1;
      const { pathname } = new URL(request.url);
      if (pathname === "/hold") await new Promise(() => {});
      if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 1_000));
      if (pathname === "/other") return await fetch("http://other.mesh/");
      ways[pathname]?.();
      return Response.json({
        mark, requests,
        pid: Deno.pid, whose: env("WHOSE"), byNode: process.env.WHOSE ?? null, home: env("HOME"),
        start: env("SMMP_START"),
      });
    },
  };
`;

interface Answer {
  readonly mark: string;
  readonly requests: number;
  readonly pid: number;
}

async function startWorkers(options: { folder?: string } = {}): Promise<MeshProcess> {
  const folder = options.folder ?? await Deno.makeTempDir({ prefix: "smmp-test-" });
  await Deno.mkdir(`${folder}/shared`, { recursive: true });
  const permissions = { env: ["WHOSE"] };
  const worker = { runtime: "worker", grace: "1s", startTimeout: "60s", permissions };
  const mesh = await startMesh({
    services: {
      one: { entry: "./one.ts", ...worker, env: { WHOSE: "of one" }, plugs: ["other"] },
      other: { entry: "./other.ts", ...worker, env: { WHOSE: "of the other" } },
    },
    files: { "one.ts": SERVICE, "other.ts": SERVICE, "shared/mark.ts": markOf("first") },
    folder,
  });
  return mesh;
}

function markOf(text: string): string {
  return `export const mark: string = ${JSON.stringify(text)};\n`;
}

async function ask(mesh: MeshProcess, path: string): Promise<Answer> {
  const response = await mesh.fetch(path);
  assertEquals(response.status, 200);
  return await response.json();
}

Deno.test("worker: services share a process, each with an environment of its own", async () => {
  await using mesh = await startWorkers();
  const one = await ask(mesh, "/one/");
  const other = await ask(mesh, "/one/other");
  assertEquals(one, {
    ...{ mark: "first", requests: 1, pid: one.pid },
    ...{ whose: "of one", byNode: "of one", home: "NotCapable", start: null },
  });
  assertEquals(other, {
    ...{ mark: "first", requests: 1, pid: one.pid },
    ...{ whose: "of the other", byNode: "of the other", home: "NotCapable", start: null },
  });
  assertNotEquals(one.pid, mesh.pid);
  await mesh.stop();
});

Deno.test("worker: what it prints are the lines of its instance", async () => {
  await using mesh = await startWorkers();
  await ask(mesh, "/other/");
  await ask(mesh, "/one/print");
  const wanted = [
    { service: "one", stream: "stdout", text: /^in two pieces$/ },
    { service: "one", stream: "stdout", text: /^by node$/ },
    { service: "one", stream: "stderr", text: /^an error has \{ code: 3 \}$/ },
    { service: "one", stream: "stdout", text: /^x{5000}END$/ },
  ];
  for (const line of wanted) await mesh.event("output", line);
});

Deno.test("worker: it is refused what it has no permission for, and what is of all", async () => {
  await using mesh = await startWorkers();
  // Before, that of node ends a process that has not asked for what is unstable.
  const channels = isDenoFrom(2, 9) ? ["/channel", "/node-channel"] : ["/channel"];
  const refused = ["/read", "/run", "/chdir", "/worker", "/signal", "/say-ended", ...channels];
  for (const path of refused) {
    const response = await mesh.fetch(`/one${path}`);
    assertEquals(response.status, 500, path);
    await response.body?.cancel();
  }
  await mesh.event("instanceRefused", { service: "one", permission: "read" });
  await mesh.output(/Cannot change the working folder: this service is a worker/);
  await mesh.output(/Cannot make a worker: this service is a worker/);
  assertEquals((await ask(mesh, "/one/")).requests, refused.length + 1, "it goes on");
});

Deno.test("worker: a signal to its own process ends nobody, and its name is secret", async () => {
  await using mesh = await startWorkers();
  const { pid } = await ask(mesh, "/other/");
  // Not every version of Deno lets anybody send one.
  await (await mesh.fetch("/one/node-signal")).body?.cancel();
  await ask(mesh, "/one/name");
  await mesh.event("output", { service: "one", text: /^I am one#\S+ [0-9a-f]{16}$/ });
  const { requests, pid: after } = await ask(mesh, "/other/");
  assertEquals([after, requests], [pid, 2]);
  await mesh.stop();
});

for (
  const [path, reason, line] of [
    ["/throw", "exited with code 1", "error: Uncaught Error: thrown"],
    ["/reject", "exited with code 1", "error: Uncaught (in promise) Error: rejected"],
    ["/exit", "exited with code 7", undefined],
    ["/node-exit", "exited with code", undefined],
    ["/close", "exited with code 0", undefined],
  ] as const
) {
  Deno.test(`worker: of one that ends itself (${path}) the others notice nothing`, async () => {
    await using mesh = await startWorkers();
    const { pid } = await ask(mesh, "/other/");
    // It may have ended before its answer has left.
    await (await mesh.fetch(`/one${path}`, { method: "POST" })).body?.cancel();
    await mesh.event("instanceEnded", { service: "one", reason });
    if (line !== undefined) await mesh.event("output", { service: "one", text: line });
    assertEquals((await ask(mesh, "/one/")).requests, 1, "another one");
    const { requests, pid: now } = await ask(mesh, "/other/");
    assertEquals([requests, now], [2, pid]);
  });
}

Deno.test("worker: one that loops is killed with its process, which the others leave", async () => {
  await using mesh = await startWorkers();
  const { pid } = await ask(mesh, "/other/");
  const looping = mesh.fetch("/one/loop", { method: "POST" });
  const { serviceID } = await mesh.output("loops");
  const asked = new AbortController();
  let answers = 0;
  const others = (async () => {
    while (!asked.signal.aborted) {
      assertEquals((await ask(mesh, "/other/")).mark, "first");
      answers += 1;
    }
  })();
  const response = await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "hard" });
  assertEquals(response.status, 200, await response.text());
  await mesh.event("instanceEnded", { service: "one" });
  await mesh.event("instanceLeaving", { service: "other", cause: "moving" });
  await untilGone([pid], DEADLINE_MS);
  asked.abort();
  await others;
  assert(answers > 0);
  const ended = await mesh.event("instanceEnded", { service: "other" });
  assertEquals([ended.crash, mesh.all("agentRepositoryChanged")], [undefined, []]);
  const other = await ask(mesh, "/other/");
  assertNotEquals(other.pid, pid);
  const one = await ask(mesh, "/one/");
  assertEquals(one.requests, 1);
  assertNotEquals(one.pid, other.pid, "it is a process of its own now");
  const lost = await looping;
  assert(lost.status >= 500, `${lost.status}`);
  await lost.body?.cancel();
  await mesh.stop();
});

Deno.test("worker: nobody waits for the thread of one that was killed", async () => {
  await using mesh = await startWorkers();
  const { pid } = await ask(mesh, "/other/");
  const held = new AbortController();
  const holding = mesh.fetch("/other/hold", { signal: held.signal }).catch(() => undefined);
  const looping = mesh.fetch("/one/loop", { method: "POST" });
  const { serviceID } = await mesh.output("loops");
  const response = await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "hard" });
  assertEquals(response.status, 200, await response.text());
  assertNotEquals((await ask(mesh, "/one/")).pid, pid);
  const lost = await looping;
  assertEquals(lost.status, 502);
  await lost.body?.cancel();
  assert(await isRunning(pid), "its thread, and the sessions to it, are as they were");
  await mesh.event("connectionClosed", { destService: "one", reason: "closed on command" });
  held.abort();
  await holding;
  await untilGone([pid], DEADLINE_MS);
  await mesh.stop();
});

Deno.test("worker: out of memory takes those of its process along, and nobody else", async () => {
  await using mesh = await startWorkers();
  const { pid } = await ask(mesh, "/other/");
  await (await mesh.fetch("/one/full", { method: "POST" })).body?.cancel();
  const { reason } = await mesh.event("instanceEnded", { service: "other" });
  assertMatch(String(reason), /SIGTRAP|SIGABRT|SIGKILL|memory/);
  await untilGone([pid], DEADLINE_MS);
  assertEquals((await ask(mesh, "/other/")).requests, 1);
  assertEquals((await ask(mesh, "/one/")).requests, 1);
});

Deno.test("worker: a process that is killed is replaced for who asks next", async () => {
  await using mesh = await startWorkers();
  const { pid } = await ask(mesh, "/other/");
  await killAll([pid]);
  await mesh.event("instanceEnded", { service: "other" });
  assertNotEquals((await ask(mesh, "/other/")).pid, pid);
});

Deno.test("worker: it ends softly, after what is in flight and onDrain", async () => {
  await using mesh = await startWorkers();
  await ask(mesh, "/one/");
  const { serviceID } = await mesh.event("instanceStarted", { service: "one" });
  const slow = ask(mesh, "/one/slow");
  const response = await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "soft" });
  assertEquals(response.status, 200, await response.text());
  assertEquals((await slow).mark, "first");
  await mesh.output("drained: ");
  await mesh.event("instanceEnded", { service: "one", reason: "exited with code 0" });
  await mesh.stop();
});

Deno.test("worker: what was edited runs after a restart, in the same process", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    await using mesh = await startWorkers({ folder });
    const { pid } = await ask(mesh, "/one/");
    for (const mark of ["second", "third"]) {
      await Deno.writeTextFile(`${folder}/shared/mark.ts`, markOf(mark));
      // A spare has read what is beside its own file, which nobody looks at.
      await Deno.writeTextFile(`${folder}/one.ts`, `${SERVICE}// ${mark}\n`);
      const response = await mesh.admin("/v1/services/one/restart", {});
      assertEquals(response.status, 200, await response.text());
      const answer = await ask(mesh, "/one/");
      assertEquals([answer.mark, answer.pid], [mark, pid]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("worker: many services are in one process", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `tiny-${index}`);
  const text = "export default { fetch: () => new Response(String(Deno.pid)) };";
  await using mesh = await startMesh({
    services: Object.fromEntries(names.map((name) => [name, {
      ...{ entry: `./${name}.ts`, runtime: "worker", warm: 0, startTimeout: "60s" },
    }])),
    files: Object.fromEntries(names.map((name) => [`${name}.ts`, text])),
  });
  const pids = new Set(await Promise.all(names.map((name) => mesh.text(`/${name}/`))));
  assertEquals(pids.size, 1, [...pids].join());
  await mesh.stop();
});
