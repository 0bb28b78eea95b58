import { assert, assertEquals } from "@std/assert";

const MAIN = new URL("../../../mod.ts", import.meta.url).pathname;

/** Starts the command line as its own process, without any permission. */
function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-lock", MAIN, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("main prints help and usage errors without any permission", async () => {
  const help = await start("--help").output();
  assertEquals(help.code, 0);
  assert(new TextDecoder().decode(help.stdout).includes("deno task smmp COMMAND"));
  const typo = await start("histroy").output();
  assertEquals(typo.code, 2);
  assertEquals(typo.stdout.length, 0);
  assert(new TextDecoder().decode(typo.stderr).includes('did you mean "history"?'));
});

Deno.test("main ends quietly when nobody reads what it prints", async () => {
  const child = start("--help");
  await child.stdout.cancel();
  const stderr = await new Response(child.stderr).text();
  assertEquals((await child.status).code, 0);
  assertEquals(stderr, "");
});
