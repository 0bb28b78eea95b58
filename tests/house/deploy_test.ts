import { assert, assertEquals } from "@std/assert";
import { parseCommandLine } from "../../runtime/cli/grammar/command_line.ts";
import { codeLines } from "./readme.ts";
import { PROJECT } from "./source_files.ts";

/** What the variables of the units stand for. */
const VARIABLES: Readonly<Record<string, string>> = {
  LISTEN: "10.77.0.1:7400",
  MANAGER: "10.77.0.1:7400",
  AGENT: "a1@10.77.0.2:7402",
  NAME: "g1",
  HOST: "0.0.0.0",
  PORT: "8080",
};

function read(file: string): Promise<string> {
  return Deno.readTextFile(new URL(`deploy/${file}`, PROJECT));
}

/** Whether the command line of the product understands these arguments. */
function assertUnderstood(args: readonly string[]): void {
  const line = parseCommandLine(args);
  assertEquals(line.kind, "command", line.kind === "error" ? line.message : args.join(" "));
}

for (const unit of ["smmp-manager.service", "smmp-agent@.service", "smmp-gateway.service"]) {
  Deno.test(`deploy/${unit} starts a role with flags that there are`, async () => {
    const text = await read(unit);
    const [, line = ""] = /^ExecStart=\/usr\/local\/bin\/smmp (.*)$/m.exec(text) ?? [];
    const filled = line.replace(" $OPTIONS", "").replaceAll("%i", "a1")
      .replaceAll(/\$\{(\w+)\}/g, (_, name) => VARIABLES[name] ?? "");
    assertUnderstood(filled.split(" "));
  });

  Deno.test(`deploy/${unit} is started again however often it fails`, async () => {
    const text = await read(unit);
    for (const line of ["StartLimitIntervalSec=0", "Restart=always", "RestartSec=1"]) {
      assert(text.includes(`\n${line}\n`), line);
    }
  });
}

Deno.test("deploy/smmp-agent@.service lets services outlive their agent", async () => {
  const text = await read("smmp-agent@.service");
  assert(/^KillMode=process$/m.test(text));
  assert(!/^PrivateTmp=yes$/m.test(text));
});

Deno.test("deploy/smmp-agent@.service hides what other roles have, or get later", async () => {
  const text = await read("smmp-agent@.service");
  // InaccessiblePaths hides what is there when the unit starts.
  assert(/^TemporaryFileSystem=\/var\/lib\/smmp:ro$/m.test(text));
  assert(/^BindPaths=\/var\/lib\/smmp\/agent-%i$/m.test(text));
  assert(/^Environment=.* TMPDIR=\/var\/cache\/smmp\/agent-%i\/tmp$/m.test(text));
});

Deno.test("deploy/compose.yaml starts every role with flags that there are", async () => {
  const text = await read("compose.yaml");
  const inLine = [...text.matchAll(/^ {4}command: \[(.*)\]$/gm)]
    .map(([, list = ""]) => list.split(", ").map((one) => one.replaceAll('"', "")));
  const inBlock = [...text.matchAll(/^ {4}command:\n((?: {6}- .*\n)+)/gm)]
    .map(([, list = ""]) => list.trim().split("\n").map((one) => one.replace(/^ *- /, "")));
  const roles = [...inLine, ...inBlock].map((args) => {
    assertUnderstood(args);
    return args[0];
  });
  assertEquals(roles.sort(), ["agent", "agent", "gateway", "manager"]);
});

Deno.test("deploy/compose.yaml issues certificates for the addresses in it", async () => {
  const text = await read("compose.yaml");
  const issued = [...text.matchAll(/smmp ca issue (?:agent )?(\w+) --host (\S+)$/gm)]
    .map(([, name, host]) => [name, host]);
  const placed = [...text.matchAll(/^ {2}(\w+):\n(?: {4}.*\n)+?.*ipv4_address: ([\d.]+)/gm)]
    .map(([, name, host]) => [name, host]);
  assertEquals(issued, placed.filter(([name]) => name !== "gateway"));
  assert(issued.length > 2);
  for (const [, host] of issued) assert(text.includes(`${host}:740`), host);
});

Deno.test("deploy/ ends gateways before agents, and agents before their manager", async () => {
  const unit = await read("smmp-agent@.service");
  assert(unit.includes("\nBefore=smmp-gateway.service\n"));
  assert(/^After=.* smmp-manager\.service$/m.test(unit));
  const compose = await read("compose.yaml");
  const orders = [...compose.matchAll(/^ {4}depends_on: \[(.*)\]$/gm)].map(([, list]) => list);
  assertEquals(orders, ["manager", "manager", "a1, a2"]);
});

Deno.test("deploy/Dockerfile makes the folders that volumes cover", async () => {
  const compose = await read("compose.yaml");
  const volumes = [...compose.matchAll(/- \w+:(\/var\/\S+)$/gm)].map(([, folder = ""]) => folder);
  const [, made = ""] = /install -d -o smmp [^\\]+\\\n(.*)/.exec(await read("Dockerfile")) ?? [];
  assert(volumes.length > 3);
  for (const volume of volumes) assert(made.split(" ").includes(volume), volume);
});

Deno.test("every smmp command in the code of docs/OPERATIONS.md can be typed", async () => {
  const markdown = await Deno.readTextFile(new URL("docs/OPERATIONS.md", PROJECT));
  const commands = codeLines(markdown).join("\n").replaceAll("\\\n", "").split("\n")
    .filter((line) => line.startsWith("smmp "))
    .map((line) => line.replace(/^smmp |#.*$|…/g, "").trim().split(/\s+/));
  assert(commands.length > 10);
  for (const args of commands) assertUnderstood(args);
});
