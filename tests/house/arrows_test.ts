import { assert, assertEquals } from "@std/assert";
import { findForbiddenArrows, type Import, readImports } from "./arrows.ts";
import { ANNEXES, readSources, ROOMS } from "./source_files.ts";
import { findBannedCalls } from "./syntax.ts";

/** An import of one file by another. */
function arrow(source: string, dest: string, specifier = `../${dest}`): Import {
  return { source, specifier, dest, isType: false };
}

Deno.test("no file imports what its room may not see", async () => {
  const files = await readSources([...ROOMS, ...ANNEXES]);
  const imports = await readImports(files.map(({ path }) => path));
  for (const room of ["protocol", "roles", "transports", "runtime", "tests"]) {
    assert(imports.some(({ source }) => source.startsWith(`${room}/`)), `${room} was not read`);
  }
  assertEquals(findForbiddenArrows(imports), []);
});

Deno.test("protocol and roles see no clock, chance, network, log or promise", async () => {
  const files = await readSources(["protocol", "roles"]);
  assert(files.length > 10);
  assertEquals(files.flatMap(findBannedCalls), []);
});

Deno.test("readImports() tells imports that run from imports of types", async () => {
  const imports = await readImports(["runtime/cli/grammar/command_line.ts"]);
  const of = (specifier: string) =>
    imports.find((one) => one.source.endsWith("/command_line.ts") && one.specifier === specifier);
  assertEquals(of("@std/cli/parse-args")?.dest, "std/parse_args.js");
  assertEquals(of("@std/cli/parse-args")?.isType, false);
  assertEquals(of("./command_spec.ts")?.dest, "runtime/cli/grammar/command_spec.ts");
  assertEquals(of("./command_spec.ts")?.isType, true);
});

Deno.test("findForbiddenArrows() finds every kind of forbidden arrow", () => {
  const forbidden = [
    arrow("protocol/messages.ts", "roles/step.ts"),
    arrow("protocol/messages.ts", "npm:zod@4.6.7", "zod"),
    arrow("roles/manager/state.ts", "transports/link.ts"),
    arrow("roles/manager/state.ts", "node:path", "node:path"),
    arrow("transports/memory.ts", "roles/step.ts"),
    arrow("runtime/host.ts", "workers/manager.ts"),
    arrow("runtime/host.ts", "std/assert.js", "@std/assert"),
    arrow("runtime/host.ts", "tests/house/arrows.ts"),
    arrow("workers/manager.ts", "mod.ts"),
    arrow("examples/hello/greeter.ts", "runtime/host.ts"),
  ];
  const found = findForbiddenArrows(forbidden);
  for (const { source, specifier } of forbidden) {
    assert(found.some((line) => line.startsWith(`${source} imports "${specifier}"`)), source);
  }
});

Deno.test("findForbiddenArrows() lets the arrows of the house through", () => {
  assertEquals(
    findForbiddenArrows([
      arrow("protocol/messages.ts", "protocol/fields.ts"),
      arrow("roles/step.ts", "protocol/messages.ts"),
      arrow("transports/superjson_codec.ts", "npm:superjson@2.2.6", "superjson"),
      arrow("runtime/host.ts", "roles/step.ts"),
      arrow("runtime/cli/grammar/command_line.ts", "std/parse_args.js", "@std/cli/parse-args"),
      arrow("workers/manager.ts", "runtime/host.ts"),
      arrow("mod.ts", "runtime/service/calls/plug.ts"),
      arrow("tests/roles/manager_test.ts", "roles/manager/manager.ts"),
    ]),
    [],
  );
});

Deno.test("findForbiddenArrows() finds a package that a service process would load", () => {
  const direct = arrow("runtime/sessions/session.ts", "npm:superjson@2.2.6", "superjson");
  assertEquals(findForbiddenArrows([direct]).length, 1);
  const viaOther = [
    arrow("runtime/service/main.ts", "runtime/host.ts"),
    arrow("runtime/host.ts", "npm:hono@4.13.19", "hono"),
  ];
  assertEquals(findForbiddenArrows(viaOther), [
    'runtime/host.ts imports "hono": service processes load it, so it is relative',
  ]);
  const onlyType = [{ ...arrow("runtime/service/main.ts", "runtime/host.ts"), isType: true }];
  assertEquals(findForbiddenArrows([...onlyType, ...viaOther.slice(1)]), []);
});

Deno.test("findBannedCalls() finds each banned call, whatever it hides behind", () => {
  const banned = [
    "Deno.exit(1)",
    'Deno["exit"](1)',
    "const { exit } = Deno",
    "setTimeout(f, 1)",
    "const later = setInterval",
    "queueMicrotask(f)",
    "Date.now()",
    "new Date()",
    "Date()",
    "performance.now()",
    "Math.random()",
    "crypto.randomUUID()",
    "console.log(1)",
    "fetch(url)",
    "const o = { fetch }",
    "globalThis.fetch(url)",
    "async function f() {}",
    "const f = async () => {}",
    "const o = { async f() {} }",
    "await f()",
    "for await (const x of y) {}",
    'import("./x.ts")',
  ];
  for (const text of banned) {
    const found = findBannedCalls({ path: "roles/x.ts", text: `// é\n${text};\n` });
    assert(found.length > 0, text);
    assert(found[0]?.startsWith("roles/x.ts:2: "), found[0]);
  }
});

Deno.test("findBannedCalls() does not mind names, comments, texts and given times", () => {
  const text = `
    // Deno.exit(), await and Date.now() are banned.
    const text = "setTimeout";
    const handler = { fetch: 1, performance() { return 1; } };
    interface Session { fetch(request: Request): void; crypto: string }
    session.fetch(request);
    const when = new Date(nowMs);
    const largest = Math.max(1, 2);
  `;
  assertEquals(findBannedCalls({ path: "roles/x.ts", text }), []);
});
