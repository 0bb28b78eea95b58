import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openCacheFolder } from "../../../runtime/launcher/prepared/cache_folder.ts";
import {
  type BeginSource,
  moduleSource,
  prepareBegin,
  textSource,
} from "../../../runtime/launcher/prepared/prepared_begin.ts";
import { prepareStarts, programOf } from "../../../runtime/launcher/program.ts";
import { withFolder } from "../config/folder.ts";
import { withVariables } from "./variables.ts";

const DENO = Deno.execPath();

/** A module that loads one file at once and one later. */
const MODULES = {
  "modules/begin.ts": `
    import { wordOf } from "./parts/word.ts";
    export async function sentence(): Promise<string> {
      const { end } = await import("./parts/end.ts");
      return wordOf("first") + end;
    }
  `,
  "modules/parts/word.ts": "export function wordOf(word: string): string {\n  return word;\n}\n",
  "modules/parts/end.ts": "export const end: string = '!';\n",
};

function entryIn(folder: string): URL {
  return pathToFileURL(join(folder, "modules/begin.ts"));
}

async function sentenceOf(url: string): Promise<string> {
  const { sentence } = await import(url);
  return await sentence();
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("prepareBegin makes a file that needs no other, and finds it the next time", async () => {
  await withFolder(MODULES, async (folder) => {
    const cache = await Deno.makeTempDir({ dir: folder });
    const first = await prepareBegin(await moduleSource(entryIn(folder), DENO), cache);
    assert(first !== undefined && first.isCurrent());
    const made = (await Deno.stat(new URL(first.url))).ino;
    const again = await prepareBegin(await moduleSource(entryIn(folder), DENO), cache);
    assertEquals(again?.url, first.url);
    assertEquals((await Deno.stat(new URL(first.url))).ino, made);
    assertEquals(filesIn(cache), [first.url.slice(first.url.lastIndexOf("/") + 1)]);
    await Deno.remove(join(folder, "modules"), { recursive: true });
    assertEquals(await sentenceOf(first.url), "first!");
    assertMatch(await Deno.readTextFile(new URL(first.url)), /function wordOf\(word\)/);
  });
});

Deno.test("prepareBegin never serves what a source was before", async () => {
  await withFolder(MODULES, async (folder) => {
    const cache = await Deno.makeTempDir({ dir: folder });
    const first = await prepareBegin(await moduleSource(entryIn(folder), DENO), cache);
    assert(first !== undefined && first.isCurrent());
    const file = join(folder, "modules/parts/end.ts");
    const { mtime } = await Deno.stat(file);
    await Deno.writeTextFile(file, "export const end: string = ' other';\n");
    assertEquals(first.isCurrent(), false, "for an agent that runs");
    await Deno.writeTextFile(file, "export const end: string = '?';\n");
    // As one that was unpacked: its size and its time are those of the file before.
    await Deno.utime(file, mtime ?? 0, mtime ?? 0);
    const second = await prepareBegin(await moduleSource(entryIn(folder), DENO), cache);
    assert(second !== undefined && second.isCurrent());
    assertNotEquals(second.url, first.url);
    assertEquals(await sentenceOf(second.url), "first?");
  });
});

Deno.test("prepareBegin keeps nothing whose source was changed while it was made", async () => {
  await withFolder({}, async (folder) => {
    let isCurrent = true;
    const source: BeginSource = {
      digest: "0a",
      isCurrent: () => isCurrent,
      async write(path) {
        await Deno.writeTextFile(path, "export {};\n");
        isCurrent = false;
      },
    };
    assertEquals(await prepareBegin(source, folder), undefined);
    assertEquals(filesIn(folder), []);
  });
});

Deno.test("prepareBegin makes anew what was cut off, and does without what is gone", async () => {
  await withFolder({}, async (folder) => {
    const source = await textSource("export const one = 1;\n");
    const prepared = await prepareBegin(source, folder);
    assert(prepared !== undefined);
    const file = new URL(prepared.url);
    const whole = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, whole.slice(0, 5));
    await prepareBegin(source, folder);
    assertEquals(await Deno.readTextFile(file), whole);
    await Deno.remove(file);
    assertEquals(prepared.isCurrent(), false);
  });
});

Deno.test("prepareBegin removes what was not used for longest", async () => {
  await withFolder({}, async (folder) => {
    await Deno.writeTextFile(join(folder, "notes.txt"), "of somebody else");
    for (let number = 0; number < 12; number += 1) {
      const name = `begin-${number.toString(16)}.mjs`;
      await Deno.writeTextFile(join(folder, name), "");
      await Deno.utime(join(folder, name), number, number);
    }
    await prepareBegin(await textSource("export {};\n"), folder);
    const left = filesIn(folder).filter((name) => !/^begin-[0-9a-f]{32}/.test(name));
    assertEquals(left, [..."56789ab"].map((digit) => `begin-${digit}.mjs`).concat("notes.txt"));
  });
});

Deno.test("openCacheFolder takes no folder that others can write", async () => {
  await withFolder(
    {},
    (folder) =>
      withVariables({ XDG_CACHE_HOME: folder, HOME: join(folder, "home") }, () => {
        const first = openCacheFolder();
        assertEquals(first, join(folder, "smmp"));
        assertEquals((Deno.statSync(join(folder, "smmp")).mode ?? 0) & 0o777, 0o700);
        Deno.chmodSync(join(folder, "smmp"), 0o777);
        assertEquals(openCacheFolder(), join(folder, "home/.cache/smmp"));
        return Promise.resolve();
      }),
  );
});

Deno.test("programOf uses what is prepared, closed to services, or does without", async () => {
  await withFolder({}, (folder) =>
    withVariables({ XDG_CACHE_HOME: folder }, async () => {
      const service = serviceIn(folder);
      const isClosed = ({ command }: ReturnType<typeof programOf>) =>
        command.some((flag) => flag.startsWith(`--deny-write=${folder}/smmp,`));
      const before = programOf(service);
      assertMatch(decodeURIComponent(before.stdin), /\/service\/begin\.ts"/);
      assert(isClosed(before));
      await prepareStarts();
      const { stdin, command, env } = programOf(service);
      const neighbour = { ...service, name: "reader", entry: join(folder, "reader.ts") };
      assertEquals(programOf(neighbour).stdin, stdin, "one folder, one main module");
      assertEquals(programOf(neighbour).told?.entry, pathToFileURL(neighbour.entry).href);
      assertEquals(env?.DENO_DIR?.startsWith(`${folder}/smmp/deno-`), true);
      assert(command.some((flag) => flag.startsWith("--v8-flags=")));
      for (const other of [{ run: ["deno"] }, { env: ["DENO_DIR"] }]) {
        const permissions = { ...service.permissions, ...other };
        const plain = programOf({ ...service, permissions });
        assertEquals(plain.env, {}, "it runs a Deno of its own, or says where its folder is");
        assert(!plain.command.some((flag) => flag.startsWith("--v8-flags=")));
      }
      const prepared = new RegExp(`"${pathToFileURL(folder)}/smmp/begin-[0-9a-f]{32}\\.mjs"`);
      assertMatch(decodeURIComponent(stdin), prepared);
      assert(isClosed(programOf(service)));
      await Deno.remove(join(folder, "smmp"), { recursive: true });
      assertMatch(decodeURIComponent(programOf(service).stdin), /\/service\/begin\.ts"/);
      assertEquals(programOf(service).env, {});
    }));
});

function serviceIn(folder: string): Parameters<typeof programOf>[0] {
  return {
    name: "writer",
    entry: join(folder, "writer.ts"),
    plugs: [],
    idle: { connectionMs: 1, serviceMs: 1 },
    startTimeoutMs: 1,
    graceMs: 1,
    permissions: { read: [], write: [folder], net: [], env: [], run: [], sys: [], ffi: [] },
    env: {},
  };
}
