import { assert, assertEquals } from "@std/assert";
import { COMMAND_NAMES, COMMANDS } from "../../../runtime/cli/grammar/commands.ts";
import { helpText, usageOf } from "../../../runtime/cli/grammar/help.ts";
import { runCommandLine } from "../../../runtime/cli/main.ts";
import { captureIO } from "./captured_io.ts";

Deno.test("runCommandLine() prints all commands when it is given none", async () => {
  const io = captureIO();
  assertEquals(await runCommandLine([], io), 0);
  for (const name of COMMAND_NAMES) assert(io.out.includes(`\n  ${name} `), name);
  assertEquals(io.err, "");
});

Deno.test("runCommandLine() prints the arguments and flags of a command", async () => {
  const io = captureIO();
  assertEquals(await runCommandLine(["history", "--help"], io), 0);
  assert(io.out.includes("Usage: deno task smmp history [flags]"));
  for (const flag of Object.keys(COMMANDS.history.flags)) assert(io.out.includes(`--${flag}`));
  assert(io.out.includes("Default: 100."));
});

Deno.test("runCommandLine() tells the version, which is that of deno.json", async () => {
  const io = captureIO();
  assertEquals(await runCommandLine(["--version"], io), 0);
  const file = new URL("../../../deno.json", import.meta.url);
  const { version } = JSON.parse(await Deno.readTextFile(file));
  assertEquals(io.out, `smmp ${version} (Deno ${Deno.version.deno})\n`);
});

Deno.test("runCommandLine() answers nonsense on stderr, with the usage and code 2", async () => {
  const io = captureIO();
  assertEquals(await runCommandLine(["stop", "x"], io), 2);
  assertEquals(io.out, "");
  assertEquals(io.err.split("\n"), [
    'Cannot use ID "x": expected a whole number above 0',
    "Usage: deno task smmp stop ID [flags]",
    "Help: deno task smmp stop --help",
    "",
  ]);
});

Deno.test("helpText() has a line for everything in the table, none too wide to read", () => {
  for (const name of COMMAND_NAMES) {
    const text = helpText(name);
    assert(text.includes(`Usage: ${usageOf(name)}`));
    for (const line of text.split("\n")) assert(line.length <= 110, line);
  }
});
