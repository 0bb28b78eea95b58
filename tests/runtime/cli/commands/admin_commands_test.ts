import { assertEquals, assertStringIncludes } from "@std/assert";
import { writeAdminFile } from "../../../../runtime/admin/admin_file.ts";
import { checked, TOKEN } from "../../admin/fake_backend.ts";
import { HOST_BODIES } from "../../store/fact_samples.ts";
import { cellsOf, runWords, timeless, withServedMesh } from "../served_mesh.ts";

Deno.test("connections and agents list what there is", async () => {
  await withServedMesh(async ({ run, backend }) => {
    assertEquals(cellsOf(timeless((await run("connections")).out)), [
      [
        "ID",
        "FROM",
        "PLUG",
        "TO",
        "PLUG",
        "STATE",
        "EXCHANGES",
        "AGE",
        "LAST USED",
        "CLOSES IN",
      ],
      ["1", "gateway#1", "3", "greeter#2", "20000", "open", "0", "T", "T", "T"],
    ]);
    backend.record(...HOST_BODIES);
    assertEquals(cellsOf((await run("agents")).out), [
      ["AGENT", "STATE", "ADDRESS", "LOAD", "LABELS", "SERVICES"],
      ["local", "away", "127.0.0.1:4000", "2", "-", "greeter, counter"],
      ["a1", "draining", "10.0.0.2:7410", "0/8", "disk=fast, zone=north", "greeter, counter"],
    ]);
  });
});

Deno.test("every listing gives JSON as the API does", async () => {
  await withServedMesh(async ({ run }) => {
    const read = async (words: string): Promise<unknown> => JSON.parse((await run(words)).out);
    assertEquals(checked("InstanceList", await read("ps --json")).total, 3);
    assertEquals(checked("AgentList", await read("agents --json")).total, 1);
    assertEquals(checked("ConnectionList", await read("connections --json")).total, 1);
    assertEquals(checked("History", await read("history --limit 4 --json")).total, 4);
  });
});

Deno.test("history tells what happened to a service, and says when it cuts", async () => {
  await withServedMesh(async ({ run }) => {
    const { out, err } = await run("history --service counter --limit 5");
    assertEquals(out.split("\n").map((line) => line.slice(25)), [
      "counter#4 ended: SIGTERM: exited with code 1",
      '  error: Uncaught (in promise) "no"',
      "    at counter.ts:3",
      "greeter#2 could not reach counter (503): it could not be started",
      "connection 2 greeter#2 -> counter#3 closing: idle for 30 s",
      "connection 2 greeter#2 -> counter#3 closed: closed on command",
      "counter#3 asked to end: idle for 60 s",
      "",
    ]);
    assertEquals(err, "Only the newest 5 are shown; --limit shows more\n");
    assertEquals((await run("history --limit 1000")).err, "");
    assertEquals((await run("history")).out.includes(" used 4 times"), false);
    assertEquals((await run("history --details")).out.includes(" used 4 times"), true);
    assertEquals((await run("history --since 5s")).out.trimEnd().split("\n").length >= 4, true);
  });
});

Deno.test("history names the service that may have been meant", async () => {
  await withServedMesh(async ({ run }) => {
    assertStringIncludes(
      (await run("history --service greter")).out,
      'there is no such service, did you mean "greeter"?',
    );
    assertEquals(
      (await run("history --service greeter --since 1ms")).out,
      "Nothing has happened to greeter.\n",
    );
  });
});

Deno.test("graph draws edges and connections", async () => {
  await withServedMesh(async ({ run }) => {
    const { code, out } = await run("graph");
    assertEquals(code, 0);
    assertEquals(out.split("\n"), [
      "gateway     1 running",
      "  ──▶ greeter  1 connection",
      "  ┄┄▶ every other service",
      "",
      "counter     1 closing",
      "",
      "greeter     1 running",
      "  ┄┄▶ counter",
      "",
      "──▶ connected   ┄┄▶ may connect",
      "",
    ]);
    assertEquals(JSON.parse((await run("graph --json")).out).edges, [
      { from: "gateway", to: "greeter", connections: 1 },
      { from: "gateway", to: "counter", connections: 0 },
      { from: "greeter", to: "counter", connections: 0 },
    ]);
  });
});

Deno.test("drain and restart give their commands, and say what became of them", async () => {
  await withServedMesh(async ({ run, backend }) => {
    backend.outcome = { status: 200, reason: "2 instances have ended" };
    assertEquals(await run("drain a1"), {
      code: 0,
      out: "Agent a1 is drained: 2 instances have ended\n",
      err: "",
    });
    assertEquals((await run("restart greeter")).out, "greeter: 2 instances have ended\n");
    backend.outcome = { status: 200, reason: "agent a1 takes new instances" };
    assertEquals((await run("drain a1 --undo")).out, "agent a1 takes new instances\n");
    assertEquals(backend.commands, [
      { kind: "drainAgent", agent: "a1" },
      { kind: "restartService", service: "greeter" },
      { kind: "undrainAgent", agent: "a1" },
    ]);
    backend.outcome = { status: 409, reason: 'Cannot drain "a1": it is the only one' };
    assertEquals(await run("drain a1"), { code: 1, out: "", err: `${backend.outcome.reason}\n` });
    const odd = await run("drain A/1");
    assertEquals(odd.code, 1);
    assertStringIncludes(odd.err, "expected a name");
  });
});

Deno.test("stop, kill and close give their commands, and tell a refusal", async () => {
  await withServedMesh(async ({ run, backend }) => {
    assertEquals(await run("stop 2"), { code: 0, out: "Instance 2 has ended: done\n", err: "" });
    assertEquals((await run("kill 3")).code, 0);
    assertEquals((await run("close 1")).out, "Connection 1 is closed\n");
    assertEquals(JSON.parse((await run("stop 2 --json")).out), { status: 200, reason: "done" });
    assertEquals(backend.commands.slice(0, 3), [
      { kind: "stopInstance", serviceID: 2, mode: "soft" },
      { kind: "stopInstance", serviceID: 3, mode: "hard" },
      { kind: "closeConnection", connectionID: 1 },
    ]);
    backend.outcome = { status: 404, reason: 'Cannot stop instance "9": there is none' };
    assertEquals(await run("stop 9"), { code: 1, out: "", err: `${backend.outcome.reason}\n` });
  });
});

Deno.test("commands say what to do when no mesh is there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const none = await runWords(["ps", "--data", folder]);
    assertEquals(none.code, 1);
    assertStringIncludes(none.err, "Cannot find a mesh: there is no");
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = listener.addr;
    listener.close();
    const url = `http://127.0.0.1:${port}`;
    writeAdminFile(folder, { url, token: TOKEN, gatewayUrl: url, pid: 1 });
    const expected =
      `Cannot reach the mesh at ${url}: is it running? Start it with deno task mesh\n`;
    for (const words of [["ps"], ["stop", "1"], ["call", "greeter", "/"]]) {
      const stale = await runWords([...words, "--data", folder]);
      assertEquals(stale, { code: 1, out: "", err: expected });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("commands take an address instead of a folder, and send it no other token", async () => {
  await withServedMesh(async ({ url, backend, data }) => {
    const away = ["--data", `${data}/nowhere`, "--admin", url];
    assertEquals((await runWords(["agents", ...away])).code, 0);
    const refused = await runWords(["stop", "2", ...away]);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.err, "without its token");
    assertEquals((await runWords(["stop", "2", ...away, "--token", "wrong"])).code, 1);
    assertEquals(backend.commands, []);
    assertEquals((await runWords(["stop", "2", ...away, "--token", TOKEN])).code, 0);
    assertEquals((await runWords(["stop", "2", "--data", data, "--admin", `${url}/`])).code, 0);
  });
  const seen: (string | null)[] = [];
  const other = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    seen.push(request.headers.get("authorization"));
    return new Response("<p>Hello</p>");
  });
  try {
    await withServedMesh(async ({ data }) => {
      const url = `http://127.0.0.1:${other.addr.port}`;
      const { code, err } = await runWords(["agents", "--data", data, "--admin", url]);
      assertEquals(code, 1);
      assertStringIncludes(err, "it is not a mesh of this version");
      assertEquals(seen, [null]);
    });
  } finally {
    await other.shutdown();
  }
});

Deno.test("an answer that is longer than the list is told on stderr", async () => {
  const total = { total: 12_000, items: [] };
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => Response.json(total),
  );
  try {
    const url = `http://127.0.0.1:${server.addr.port}`;
    for (const command of ["ps", "agents", "connections", "graph"]) {
      const { code, err } = await runWords([command, "--data", "/nowhere", "--admin", url]);
      assertEquals([code, err], [0, "12000 more are not shown\n"]);
    }
  } finally {
    await server.shutdown();
  }
});
