import { assertEquals, assertStringIncludes } from "@std/assert";
import { startMesh } from "../meshes/mesh_process.ts";

const SERVED = "export default { fetch: () => new Response() };\n";

/** Services that can't be loaded, and what Deno says of each. */
const BROKEN: Readonly<Record<string, readonly [text: string, said: readonly string[]]>> = {
  missing: [`import "./nowhere.ts";\n${SERVED}`, [
    'error: Module not found "file://FOLDER/nowhere.ts".',
    "    at file://FOLDER/missing.ts:1:8",
  ]],
  syntax: [`const one: number = ;\n${SERVED}`, []],
  unnamed: [`import { two } from "./missing_name.ts";\nconsole.log(two);\n${SERVED}`, [
    "error: SyntaxError: The requested module './missing_name.ts' does not provide an export " +
    "named 'two' at file://FOLDER/unnamed.ts:1:10",
  ]],
  thrown: [`interface One {}\nthrow new TypeError("no two");\n${SERVED}`, [
    "error: Uncaught (in promise) TypeError: no two",
    'throw new TypeError("no two");',
    "      ^",
    "    at file://FOLDER/thrown.ts:2:7",
  ]],
  later: [`const name = "./nowhere.ts";\nawait import(name);\n${SERVED}`, [
    'error: Uncaught (in promise) TypeError: Module not found "file://FOLDER/nowhere.ts".',
    "await import(name);",
    "^",
    "    at async file://FOLDER/later.ts:2:1",
  ]],
};

Deno.test("a service that can't be loaded fails with what Deno says, and no more", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  const files = Object.fromEntries(
    Object.entries(BROKEN).map(([name, [text]]) => [`${name}.ts`, text]),
  );
  const services = Object.fromEntries(
    Object.keys(BROKEN).map((name) => [name, {
      entry: `./${name}.ts`,
      permissions: { read: ["./nowhere.ts"] },
    }]),
  );
  await using mesh = await startMesh({
    services,
    files: { ...files, "missing_name.ts": "export const one = 1;\n" },
    folder,
    isFolderOurs: true,
  });
  for (const [name, [, said]] of Object.entries(BROKEN)) {
    const { detail } = await (await mesh.fetch(`/${name}`)).json();
    const [first, ...lines] = String(detail).split("\n");
    assertEquals(first, `Cannot start "${name}": exited with code 1 before it was ready`);
    const expected = said.map((line) => line.replaceAll("FOLDER", folder));
    // How a mistake in the syntax is told depends on the version of Deno; where, does not.
    if (name === "syntax") assertStringIncludes(lines.join("\n"), "syntax.ts:1:21");
    else assertEquals(lines, expected);
    assertEquals(lines.filter((line) => line.includes("import(all)")), []);
  }
});
