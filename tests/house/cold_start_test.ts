import { assertEquals, assertMatch } from "@std/assert";

const BEGIN = new URL("../../runtime/service/begin.ts", import.meta.url).href;

/** What Deno loads when it is named for the first time, for a millisecond or more each. */
const SLOW = ["Request", "Response", "ReadableStream", "WebSocket", "setTimeout", "setInterval"];

/** Tells which of them were named while our part of a service was loaded, and how that ended. */
const PROGRAM = `
  const named = new Set();
  for (const name of ${JSON.stringify(SLOW)}) {
    const { get, value } = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get() {
        named.add(name);
        return get === undefined ? value : get.call(globalThis);
      },
    });
  }
  try {
    await import(${JSON.stringify(BEGIN)});
  } catch (error) {
    console.log(JSON.stringify({ named: [...named], end: error.message }));
  }
`;

Deno.test("what a service loads of ours names nothing that is slow to load", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-config", "--allow-all", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(PROGRAM));
  await writer.close();
  const { stdout } = await child.output();
  const { named, end } = JSON.parse(new TextDecoder().decode(stdout));
  assertMatch(end, /SMMP_START/, "all of it was loaded, and found that no agent had started it");
  assertEquals(named, []);
});
