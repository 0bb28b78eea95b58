import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { prepareDenoFolder } from "../../../runtime/launcher/prepared/deno_folder.ts";
import { withFolder } from "../config/folder.ts";
import { withVariables } from "./variables.ts";

/** What services import first. */
const BEGIN = "data:text/javascript,export {};";

async function isLink(path: string): Promise<boolean> {
  return (await Deno.lstat(path)).isSymlink;
}

/** What a program says that runs as services do. */
async function run(
  program: string,
  { flags, env }: {
    readonly flags: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...flags, program],
    env: { ...env, NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("prepareDenoFolder links to what the user has, and keeps the rest apart", async () => {
  await withFolder(
    { "two.ts": "console.log(1 + 1 as number);\n" },
    (folder) =>
      withVariables({ XDG_CACHE_HOME: folder, DENO_DIR: join(folder, "user") }, async () => {
        const cache = join(folder, "smmp");
        const made = await prepareDenoFolder(Deno.execPath(), { folder: cache, begin: BEGIN });
        assert(made !== undefined && made.isCurrent());
        const path = made.env.DENO_DIR ?? "";
        assertEquals(await Deno.realPath(join(path, "npm")), join(folder, "user/npm"));
        assertEquals(await isLink(join(path, "gen")), true);
        assertEquals(await isLink(join(path, "v8_code_cache_v2")), false);
        assertEquals(await run(join(folder, "two.ts"), made), "2\n");
        made.close();
        const again = await prepareDenoFolder(Deno.execPath(), { folder: cache, begin: BEGIN });
        assertEquals(again?.env, made.env);
        again?.close();
        await Deno.remove(join(folder, "user/npm"), { recursive: true });
        assertEquals(made.isCurrent(), false, "caches are emptied");
      }),
  );
});

Deno.test("prepareDenoFolder forgets what was compiled when it is too much", async () => {
  await withFolder(
    {},
    (folder) =>
      withVariables({ XDG_CACHE_HOME: folder, DENO_DIR: join(folder, "user") }, async () => {
        const options = { folder: join(folder, "smmp"), begin: BEGIN };
        const made = await prepareDenoFolder(Deno.execPath(), options);
        made?.close();
        const large = join(made?.env.DENO_DIR ?? "", "large_cache");
        await Deno.create(large).then((file) => file.close());
        await Deno.truncate(large, 300 * 1_024 * 1_024);
        (await prepareDenoFolder(Deno.execPath(), options))?.close();
        await assertRejects(() => Deno.stat(large), Deno.errors.NotFound);
        assertEquals((await Deno.stat(join(folder, "user/npm"))).isDirectory, true);
      }),
  );
});

Deno.test("prepareDenoFolder gives no flags that a Deno does not know", async () => {
  const script = `#!/bin/sh
case "$*" in *--v8-flags=*) echo "error: V8 did not recognize flag" >&2; exit 1;; esac
exec "${Deno.execPath()}" "$@"
`;
  await withFolder(
    { "deno": script },
    (folder) =>
      withVariables({ XDG_CACHE_HOME: folder, DENO_DIR: join(folder, "user") }, async () => {
        const deno = join(folder, "deno");
        await Deno.chmod(deno, 0o755);
        assertEquals(await prepareDenoFolder(deno, { folder, begin: BEGIN }), undefined);
      }),
  );
});
