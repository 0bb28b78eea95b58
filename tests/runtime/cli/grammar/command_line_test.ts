import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseCommandLine } from "../../../../runtime/cli/grammar/command_line.ts";
import { COMMAND_NAMES, COMMANDS } from "../../../../runtime/cli/grammar/commands.ts";

const NOW_MS = Date.parse("2026-11-24T22:00:00Z");

/** Reads a command line that is written as in a shell, without quotes. */
function parse(line: string) {
  return parseCommandLine(line.split(" ").filter((word) => word !== ""), { nowMs: NOW_MS });
}

/** The mistakes in a command line, one a line. */
function mistakesIn(line: string): string[] {
  const parsed = parse(line);
  assertEquals(parsed.kind, "error", line);
  return parsed.kind === "error" ? parsed.message.split("\n") : [];
}

Deno.test("parseCommandLine() fills in the defaults of a command", () => {
  assertEquals(parse("mesh"), {
    kind: "command",
    command: "mesh",
    arguments: { path: undefined },
    flags: {
      port: 8080,
      host: "127.0.0.1",
      "gateway-workers": undefined,
      "admin-port": 8081,
      data: ".smmp",
      watch: false,
      json: false,
    },
  });
  assertEquals(parse("ps"), {
    kind: "command",
    command: "ps",
    arguments: {},
    flags: {
      all: false,
      service: undefined,
      sort: undefined,
      json: false,
      data: ".smmp",
      admin: undefined,
      token: undefined,
      manager: undefined,
      tls: undefined,
    },
  });
});

Deno.test("parseCommandLine() reads arguments and flags in any order", () => {
  const parsed = parse("mesh --port 9000 examples/hello --data=none --json --host ::1");
  assert(parsed.kind === "command" && parsed.command === "mesh");
  assertEquals(parsed.arguments, { path: "examples/hello" });
  assertEquals(parsed.flags, {
    port: 9000,
    host: "::1",
    "gateway-workers": undefined,
    "admin-port": 8081,
    data: "none",
    watch: false,
    json: true,
  });
});

Deno.test("parseCommandLine() reads numbers only where the table has numbers", () => {
  const stop = parse("stop 12");
  assert(stop.kind === "command" && stop.command === "stop");
  assertEquals(stop.arguments.id, 12);
  const close = parse("close 12");
  assert(close.kind === "command" && close.command === "close");
  assertEquals(close.arguments.id, 12);
  assertEquals(mistakesIn("stop twelve"), [
    'Cannot use ID "twelve": expected a whole number above 0',
  ]);
});

Deno.test("parseCommandLine() reads how long ago, and a time", () => {
  const momentOf = (text: string) => {
    const parsed = parse(`history --since ${text}`);
    assert(parsed.kind === "command" && parsed.command === "history", text);
    return parsed.flags.since;
  };
  assertEquals(momentOf("10m"), NOW_MS - 600_000);
  assertEquals(momentOf("2026-11-24T21:00:00Z"), NOW_MS - 3_600_000);
  assertEquals(momentOf("2026-11-24"), Date.parse("2026-11-24"));
  assertEquals(mistakesIn("history --since yesterday"), [
    'Cannot use --since "yesterday": expected how long ago, such as 10m, or a time such as ' +
    "2026-11-24T22:00",
  ]);
});

Deno.test("parseCommandLine() reads durations, with a unit and within bounds", () => {
  const graceOf = (text: string) => {
    const parsed = parse(`agent ./services --agent-grace ${text}`);
    assert(parsed.kind === "command" && parsed.command === "agent", text);
    return parsed.flags["agent-grace"];
  };
  assertEquals([graceOf("90s"), graceOf("5m")], [90_000, 300_000]);
  for (const text of ["90", "31d"]) {
    assertEquals(mistakesIn(`agent ./services --agent-grace ${text}`), [
      `Cannot use --agent-grace "${text}": expected a duration of at most 30d, such as 90s or 5m`,
    ]);
  }
});

Deno.test("parseCommandLine() collects the headers of a call", () => {
  const args = ["call", "greeter", "/hello?to=Ada", "--header", "accept: text/plain"];
  const parsed = parseCommandLine([...args, "--header", "x-empty:", "--method", "post"]);
  assert(parsed.kind === "command" && parsed.command === "call");
  assertEquals(parsed.arguments, { service: "greeter", path: "/hello?to=Ada" });
  assertEquals(parsed.flags.header, [["accept", "text/plain"], ["x-empty", ""]]);
  assertEquals(parsed.flags.method, "POST");
  assertEquals(parsed.flags.body, undefined);
});

Deno.test("parseCommandLine() answers a typo with what was likely meant", () => {
  assertEquals(mistakesIn("histroy"), [
    'Cannot run "histroy": there is no such command, did you mean "history"?',
  ]);
  assertEquals(mistakesIn("mesh --prot 80"), [
    'Cannot use "--prot": there is no such flag, did you mean "--port"?',
  ]);
  assertEquals(mistakesIn("ps -json"), [
    'Cannot use "-json": there is no such flag, did you mean "--json"?',
  ]);
  assertEquals(mistakesIn("ps --no-json"), [
    'Cannot use "--no-json": there is no such flag, did you mean "--json"?',
  ]);
  assertEquals(mistakesIn("--json ps"), [
    'Cannot run "--json": expected a command first, such as ps --json',
  ]);
  assert(mistakesIn("constructor")[0]?.includes("no such command"));
});

Deno.test("parseCommandLine() reports every mistake of a line at once", () => {
  assertEquals(mistakesIn("history --sicne=1 --limit 0 extra --service"), [
    'Cannot use "--sicne": there is no such flag, did you mean "--since"?',
    "Cannot use --service without a value: write --service=VALUE for one that starts with a dash",
    'Cannot use --limit "0": expected a whole number from 1 to 1000000',
    'Cannot use "extra": the command takes no argument, nothing more',
  ]);
});

Deno.test("parseCommandLine() explains missing, excess and repeated parts", () => {
  assertEquals(mistakesIn("stop"), [
    "Cannot leave out ID: The number of the instance, as ps prints it.",
  ]);
  assertEquals(mistakesIn("call a /b c"), [
    'Cannot use "c": the command takes SERVICE and PATH, nothing more',
  ]);
  assertEquals(mistakesIn("mesh --port 1 --port 2"), [
    "Cannot use --port 2 times: it has one value",
  ]);
  assertEquals(mistakesIn("mesh --port 65536"), [
    'Cannot use --port "65536": expected a whole number from 0 to 65535',
  ]);
  assertEquals(mistakesIn("ps --admin 127.0.0.1"), [
    'Cannot use --admin "127.0.0.1": expected a URL such as http://127.0.0.1:8081',
  ]);
});

Deno.test("parseCommandLine() understands every way to ask for help", () => {
  for (const line of ["", "help", "--help", "-h"]) assertEquals(parse(line), { kind: "help" });
  for (const name of COMMAND_NAMES) {
    for (const line of [`help ${name}`, `${name} --help`, `${name} -h --port x`]) {
      assertEquals(parse(line), { kind: "help", command: name });
    }
  }
  assert(mistakesIn("help meshh")[0]?.includes('did you mean "mesh"?'));
});

Deno.test("parseCommandLine() understands who asks for the version", () => {
  for (const line of ["--version", "-V"]) assertEquals(parse(line), { kind: "version" });
});

Deno.test("parseCommandLine() never throws and never lets an unknown flag through", () => {
  const word = fc.oneof(
    fc.constantFrom(...COMMAND_NAMES, "--json", "--port", "--", "-h", "--since", "1", "/", "-", ""),
    fc.constantFrom("--__proto__.x=1", "--constructor", "--json=1", "--port=", "--a.b", "-1"),
    fc.string({ unit: "binary" }),
  );
  const line = fc.tuple(fc.constantFrom(...COMMAND_NAMES), fc.array(word, { maxLength: 6 }));
  fc.assert(
    fc.property(line, ([name, words]) => {
      const parsed = parseCommandLine([name, ...words]);
      if (parsed.kind !== "command") return;
      const known = Object.keys(COMMANDS[parsed.command].flags);
      for (const flag of Object.keys(parsed.flags)) assert(known.includes(flag), flag);
    }),
    { numRuns: 1_000 },
  );
});
