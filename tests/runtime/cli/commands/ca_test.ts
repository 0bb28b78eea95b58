import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommandLine } from "../../../../runtime/cli/main.ts";
import { Folders } from "../../certificates/folders.ts";
import { captureIO } from "../captured_io.ts";

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = captureIO();
  const code = await runCommandLine(args, io);
  return { code, out: io.out, err: io.err };
}

Deno.test("ca makes an authority, issues certificates and shows them", async () => {
  await using folders = await Folders.make();
  const [dir, out] = [folders.path("own"), folders.path("certs")];
  const init = await run("ca", "init", "--dir", dir);
  assertEquals(init.code, 0);
  assertStringIncludes(init.out, `Next: deno task smmp ca issue manager --dir ${dir}`);
  const hosts = ["--host", "10.77.0.1", "--host=m.example.com"];
  const issued = await run("ca", "issue", "manager", ...hosts, "--dir", dir, "--out", out);
  assertEquals(issued.code, 0);
  assertStringIncludes(issued.out, "Issued manager.manager.smmp into");
  assertStringIncludes(issued.out, "Hosts: m.example.com, localhost, 10.77.0.1, 127.0.0.1");
  const shown = await run("ca", "show", out);
  assertEquals([shown.code, shown.err], [0, ""]);
  assertStringIncludes(shown.out, "identity  manager.manager.smmp");
  const json: unknown = JSON.parse((await run("ca", "show", out, "--json")).out);
  assertStringIncludes(JSON.stringify(json), '"ok":true,"identity":{"role":"manager"');
});

Deno.test("ca show says what is wrong with a certificate, with code 1", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue({ beginsMs: Date.now() + 3_600_000 });
  const { code, out, err } = await run("ca", "show", folder);
  assertEquals(code, 1);
  assertStringIncludes(out, "identity  a1.agent.smmp");
  assertStringIncludes(err, "its certificate is not valid before 20");
  const json = await run("ca", "show", folder, "--json");
  assertEquals([json.code, json.err], [1, ""]);
  assertStringIncludes(json.out, '"ok":false');
});

Deno.test("ca says what it cannot do", async () => {
  await using folders = await Folders.make();
  const dir = folders.authority;
  const fails = async (...args: string[]) => {
    const { code, err } = await run("ca", ...args);
    assertEquals(code, err.includes("Usage:") || err.includes("Help:") ? 2 : 1);
    return err;
  };
  assertStringIncludes(await fails("init", "--dir", dir), "there is an authority already");
  assertStringIncludes(await fails("issue", "agent", "--dir", dir), "Cannot leave out NAME");
  assertStringIncludes(await fails("issue", "manager", "m2", "--dir", dir), "one manager");
  assertStringIncludes(await fails("issue", "king", "k"), "expected one of manager, agent");
  assertStringIncludes(await fails("issue", "agent", "a", "--host", "a b"), "Cannot use --host");
  assertStringIncludes(await fails("show", folders.path("x")), "there is no cert.pem");
  assertStringIncludes(
    await fails(),
    'Cannot run "ca": expected ca init or ca issue or ca revoke or ca show',
  );
});
