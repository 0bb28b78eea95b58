import { assert, assertEquals } from "@std/assert";
import { readSources, ROOMS, runDeno } from "./source_files.ts";

Deno.test("every exported symbol of the rooms is documented", async () => {
  const files = await readSources(ROOMS);
  assert(files.length > 30);
  const { code, stderr } = await runDeno(["doc", "--lint", ...files.map(({ path }) => path)]);
  assertEquals(code, 0, stderr);
});

Deno.test("deno doc --lint finds an exported symbol without documentation", async () => {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, "export function undocumented(): void {}\n");
    const { code, stderr } = await runDeno(["doc", "--lint", file]);
    assertEquals(code, 1);
    assert(stderr.includes("missing-jsdoc"), stderr);
  } finally {
    await Deno.remove(file);
  }
});
