import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseCommandLine } from "../../../../runtime/cli/grammar/command_line.ts";
import type { Parsed } from "../../../../runtime/cli/grammar/commands.ts";

/** Reads a line that must make sense. */
function read(line: string): Parsed {
  const parsed = parseCommandLine(line.split(" "));
  assert(parsed.kind === "command", parsed.kind === "error" ? parsed.message : parsed.kind);
  return parsed;
}

/** Reads a line that must make no sense, and tells why it does not. */
function mistakesIn(line: string): string {
  const parsed = parseCommandLine(line.split(" "));
  assert(parsed.kind === "error", line);
  return parsed.message;
}

Deno.test("parseCommandLine() fills in the places of the loopback for each role", () => {
  const manager = read("manager");
  assert(manager.command === "manager");
  assertEquals(manager.flags.listen, { hostname: "127.0.0.1", port: 7400 });
  assertEquals([manager.flags.admin, manager.flags.tls], [undefined, undefined]);
  const agent = read("agent ./services");
  assert(agent.command === "agent");
  assertEquals(agent.arguments.path, "./services");
  assertEquals(agent.flags.manager, { hostname: "127.0.0.1", port: 7400 });
  assertEquals(agent.flags.listen, { hostname: "127.0.0.1", port: 7402 });
  assertEquals([agent.flags.label, agent.flags.networks], [[], []]);
  const gateway = read("gateway");
  assert(gateway.command === "gateway");
  assertEquals(gateway.flags.agent, { hostname: "127.0.0.1", port: 7402, name: undefined });
  assertEquals([gateway.flags.host, gateway.flags.port], ["127.0.0.1", 8080]);
});

Deno.test("parseCommandLine() reads labels and networks, several of each", () => {
  const parsed = read("agent --label disk=fast --label zone=a=b --networks 10.0.0.0/8,10.1.0.7");
  assert(parsed.command === "agent");
  assertEquals(parsed.flags.label, [["disk", "fast"], ["zone", "a=b"]]);
  assertEquals(parsed.flags.networks, ["10.0.0.0/8", "10.1.0.7"]);
});

Deno.test("parseCommandLine() reads where an agent is, with its name and without", () => {
  for (
    const [text, name, hostname] of [
      ["a1@10.77.0.2:7402", "a1", "10.77.0.2"],
      ["10.77.0.2:7402", undefined, "10.77.0.2"],
      ["a-2@[fd00::2]:7402", "a-2", "fd00::2"],
    ] as const
  ) {
    const parsed = read(`gateway --agent ${text}`);
    assert(parsed.command === "gateway");
    assertEquals(parsed.flags.agent, { name, hostname, port: 7402 });
  }
});

Deno.test("parseCommandLine() takes a manager by its place or by a URL", () => {
  const place = read("ps --manager 10.77.0.1:7400 --tls certs/ada");
  assert(place.command === "ps");
  assertEquals(place.flags.manager, { hostname: "10.77.0.1", port: 7400 });
  assertEquals(place.flags.tls, "certs/ada");
  const url = read("ps --manager https://mesh.example.com/admin/");
  assert(url.command === "ps" && url.flags.manager instanceof URL);
  assertEquals(url.flags.manager.href, "https://mesh.example.com/admin/");
});

Deno.test("parseCommandLine() says what was expected of places, labels and networks", () => {
  const message = mistakesIn(
    "agent --manager nowhere --listen 7402 --label disk --networks 10.0.0.0/x",
  );
  for (
    const part of [
      'Cannot use --manager "nowhere": expected HOST:PORT',
      'Cannot use --listen "7402": expected HOST:PORT',
      'Cannot use --label "disk": expected NAME=VALUE',
      'Cannot use --networks "10.0.0.0/x": expected addresses such as',
    ]
  ) {
    assertStringIncludes(message, part);
  }
  assertStringIncludes(mistakesIn("gateway --agent A1@h:1"), "expected [NAME@]HOST:PORT");
  assertStringIncludes(mistakesIn("ps --manager ftp://a:1"), "expected HOST:PORT");
});
