import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HISTORY_FILE, openStore } from "../../../runtime/store/open_store.ts";
import { recoverRegistry } from "../../../runtime/store/recovery.ts";
import { StoreError } from "../../../runtime/store/store.ts";
import { failures, MESH_FACTS } from "./fact_samples.ts";

function testInFolder(
  name: string,
  work: (place: { folder: string; file: string }) => Promise<void> | void,
): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await work({ folder, file: join(folder, HISTORY_FILE) });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** Changes a database behind the back of the store. */
function tamper(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

/** Appends to the store in a folder until it is killed. */
function runChild(folder: string): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.resolve("./appending_child.ts"), folder],
    stdout: "piped",
    stderr: "piped",
  });
}

testInFolder("openStore() finds again what was there, and goes on", ({ folder }) => {
  const nested = join(folder, "not", "there", "yet");
  const before = openStore(nested);
  before.append(MESH_FACTS);
  const registry = recoverRegistry(before);
  before.saveSnapshot({ seq: 0, registry: {} });
  before.close();
  before.close();
  assertThrows(() => before.append([]), StoreError, "it is closed");
  const after = openStore(nested);
  assertEquals(after.lastSeq, MESH_FACTS.length);
  assertEquals([...after.read()], [...MESH_FACTS]);
  assertEquals(after.loadSnapshot(), { seq: 0, registry: {} });
  after.append(failures(1, { firstSeq: MESH_FACTS.length + 1 }));
  assertEquals(registry.lastSeq, MESH_FACTS.length);
  after.close();
});

testInFolder("openStore() goes on after a history that was pruned away", ({ folder }) => {
  const before = openStore(folder);
  before.append(failures(5));
  before.saveSnapshot({ seq: 5, registry: {} });
  before.prune(0);
  before.close();
  const after = openStore(folder);
  assertEquals([after.lastSeq, after.factCount, after.snapshotSeq], [5, 0, 5]);
  after.append(failures(1, { firstSeq: 6 }));
  after.close();
});

testInFolder("openStore() refuses a folder that is in use, here or elsewhere", async ({
  folder,
}) => {
  const first = openStore(folder);
  const error = assertThrows(() => openStore(folder), StoreError, "another mesh is using it");
  assertStringIncludes(String(error), folder);
  const { success, stderr } = await runChild(folder).output();
  assertEquals(success, false);
  assertStringIncludes(new TextDecoder().decode(stderr), "another mesh is using it");
  first.append(failures(1));
  first.close();
  openStore(folder).close();
});

testInFolder("openStore() refuses a file of a newer version and names it", ({ folder, file }) => {
  openStore(folder).close();
  tamper(file, "PRAGMA user_version = 7");
  assertThrows(() => openStore(folder), StoreError, `Cannot open "${file}": another version`);
});

testInFolder("openStore() refuses what is not a history", async ({ folder, file }) => {
  await Deno.writeTextFile(file, "This is no database. ".repeat(100));
  assertThrows(() => openStore(folder), StoreError, `Cannot open "${file}"`);
  await Deno.remove(file);
  tamper(file, "CREATE TABLE cats (name TEXT)");
  assertThrows(() => openStore(folder), StoreError, "it is not the history of a mesh");
  assertThrows(() => openStore(join(file, "in")), StoreError, "Cannot make the data folder");
});

testInFolder("read() says which fact of which file is corrupt", ({ folder, file }) => {
  const corruptions = [
    "UPDATE facts SET body = 'not json' WHERE seq = 3",
    "UPDATE facts SET body = '[]' WHERE seq = 3",
    `UPDATE facts SET body = json_set(body, '$.kind', 'toString') WHERE seq = 3`,
    `UPDATE facts SET body = json_set(body, '$.kind', '__proto__') WHERE seq = 3`,
    `UPDATE facts SET body = json_set(body, '$.seq', 4) WHERE seq = 3`,
    `UPDATE facts SET body = json_set(body, '$.atMs', 'now') WHERE seq = 3`,
    `UPDATE facts SET body = json_remove(body, '$.service') WHERE seq = 3`,
    `UPDATE facts SET body = json_set(body, '$.plugs', 5) WHERE seq = 3`,
  ];
  for (const corruption of corruptions) {
    const before = openStore(folder);
    before.append(MESH_FACTS);
    before.close();
    tamper(file, corruption);
    const store = openStore(folder);
    const expected = `Cannot read "${file}": its fact 3 is corrupt`;
    assertThrows(() => [...store.read()], StoreError, expected);
    assertThrows(() => store.query({}), StoreError, expected);
    assertThrows(() => recoverRegistry(store), StoreError, expected);
    store.close();
    Deno.removeSync(file);
  }
});

testInFolder("openStore() or the recovery says that a file was cut or overwritten", async ({
  folder,
  file,
}) => {
  const spoil = {
    cut: (size: number) => Deno.truncate(file, Math.floor(size / 2)),
    overwritten: async (size: number) => {
      using opened = await Deno.open(file, { write: true });
      await opened.seek(4_096, Deno.SeekMode.Start);
      await opened.write(new Uint8Array(size - 4_096).fill(170));
    },
  };
  for (const [how, work] of Object.entries(spoil)) {
    const before = openStore(folder);
    before.append(failures(2_000));
    before.close();
    await work((await Deno.stat(file)).size);
    const error = assertThrows(
      () => {
        const store = openStore(folder);
        try {
          recoverRegistry(store);
        } finally {
          store.close();
        }
      },
      StoreError,
      "move it away to begin a new one",
    );
    assertStringIncludes(error.message, file, how);
    await Deno.remove(file);
  }
});

testInFolder("loadSnapshot() says which file has a corrupt snapshot", ({ folder, file }) => {
  const before = openStore(folder);
  before.saveSnapshot({ seq: 0, registry: {} });
  before.close();
  tamper(file, "UPDATE snapshot SET registry = '{'");
  const store = openStore(folder);
  assertThrows(() => store.loadSnapshot(), StoreError, `"${file}": its snapshot is corrupt`);
  store.close();
});

testInFolder("append() loses no acknowledged fact to kill -9, and the lock is gone", async ({
  folder,
}) => {
  let expected = 0;
  for (const count of [1, 200, 50]) {
    const child = runChild(folder).spawn();
    let acknowledged = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const wasRunning = acknowledged.split("\n").length <= count;
      acknowledged += text;
      if (wasRunning && acknowledged.split("\n").length > count) child.kill("SIGKILL");
    }
    assertEquals(await new Response(child.stderr).text(), "");
    assertEquals((await child.status).signal, "SIGKILL");
    const last = Number(acknowledged.slice(0, acknowledged.lastIndexOf("\n")).split("\n").at(-1));
    assert(last > expected, `${last} after ${expected}`);
    const store = openStore(folder);
    // One more append may have been done and not yet printed.
    assert(store.lastSeq === last || store.lastSeq === last + 3, `${store.lastSeq}, ${last}`);
    assertEquals(store.query({ limit: 1_000_000 }).length, store.lastSeq);
    expected = store.lastSeq;
    store.close();
  }
});

/** Opens the store of a folder in a worker, as a mesh does. */
async function openInWorker(folder: string): Promise<Worker> {
  const worker = new Worker(import.meta.resolve("./holding_worker.ts"), { type: "module" });
  const opened = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
  worker.postMessage(folder);
  await opened;
  return worker;
}

testInFolder("openStore() opens what a worker held that ended or failed", async ({ folder }) => {
  const terminated = await openInWorker(folder);
  terminated.terminate();
  const failing = await openInWorker(folder);
  const failed = new Promise<void>((resolve) => {
    failing.onerror = (event) => {
      event.preventDefault();
      resolve();
    };
  });
  failing.postMessage(0);
  await failed;
  const last = await openInWorker(folder);
  last.terminate();
});
