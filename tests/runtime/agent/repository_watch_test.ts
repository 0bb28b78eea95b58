import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  loadRepository,
  RepositoryWatch,
} from "../../../runtime/agent/repository/repository_watch.ts";
import {
  type FileDigests,
  hasChanged,
} from "../../../runtime/agent/repository/repository_version.ts";
import type { RepositoryChange } from "../../../runtime/agent/repository/repository_watch.ts";

const GREETER = 'export default { fetch: () => new Response("hello") };\n';

/** A folder with one service, which is watched; what is noticed comes in its order. */
class Watched implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "smmp-test-" });
  readonly warnings: string[] = [];
  #watch: RepositoryWatch | undefined;
  #changes: RepositoryChange[] = [];
  #wake = () => {};

  async open(lookMs = 60_000): Promise<this> {
    if (!this.files("").includes("greeter.ts")) await this.write("greeter.ts", GREETER);
    this.#watch = await RepositoryWatch.open({
      path: this.folder,
      quietMs: 50,
      lookMs,
      changed: (change) => {
        this.#changes.push(change);
        this.#wake();
      },
      warn: (text) => {
        this.warnings.push(text);
        this.#wake();
      },
    });
    return this;
  }

  files(path: string): string[] {
    return [...Deno.readDirSync(`${this.folder}/${path}`)].map(({ name }) => name);
  }

  async write(path: string, text: string): Promise<void> {
    const file = `${this.folder}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, text);
  }

  async next(): Promise<RepositoryChange> {
    await this.#until(() => this.#changes.length > 0);
    return this.#changes.shift()!;
  }

  async warning(): Promise<string> {
    await this.#until(() => this.warnings.length > 0);
    return this.warnings.shift()!;
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch?.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("RepositoryWatch notices services that are added, edited and removed", async () => {
  await using watched = await new Watched().open();
  await watched.write("counter/mod.ts", GREETER);
  const added = await watched.next();
  assertEquals([added.added, added.edited, added.removed], [["counter"], [], []]);
  assertEquals([...added.repository.services.keys()].toSorted(), ["counter", "greeter"]);
  await watched.write("counter/deep/table.json", "{}");
  assertEquals((await watched.next()).edited, ["counter"]);
  await watched.write("greeter.ts", `${GREETER}// another one\n`);
  assertEquals((await watched.next()).edited, ["greeter"]);
  await Deno.remove(`${watched.folder}/greeter.ts`);
  const removed = await watched.next();
  assertEquals([removed.added, removed.edited, removed.removed], [[], [], ["greeter"]]);
  assertEquals(watched.warnings, []);
});

Deno.test("RepositoryWatch takes what a module imports beside it for a part of it", async () => {
  await using watched = new Watched();
  await watched.write("_db.ts", 'import "./_deep/table.ts";\nexport const rows = 1;\n');
  await watched.write("_deep/table.ts", 'export * from "../_db.ts";\n');
  await watched.write("greeter.ts", `import { rows } from './_db.ts';\n${GREETER}`);
  await watched.write("other.ts", GREETER);
  await watched.open();
  await watched.write("_deep/table.ts", 'export * from "../_db.ts"; // edited\n');
  assertEquals((await watched.next()).edited, ["greeter"]);
  await watched.write("deno.json", '{ "imports": {} }');
  assertEquals((await watched.next()).edited.toSorted(), ["greeter", "other"]);
});

Deno.test("RepositoryWatch takes what a service may write for no part of it", async () => {
  await using watched = new Watched();
  const counter = { permissions: { write: ["./counter/data"] } };
  await watched.write("counter/mod.ts", GREETER);
  await watched.write("counter/data/visits.json", "0");
  await watched.write("mesh.json", JSON.stringify({ services: { counter }, routes: {} }));
  await watched.open();
  await watched.write("counter/data/visits.json", "1");
  await watched.write(
    "mesh.json",
    JSON.stringify({ services: { counter }, routes: { "/": "counter" } }),
  );
  const { edited, repository } = await watched.next();
  assertEquals([edited, repository.config.routes.length], [[], 1]);
});

Deno.test("RepositoryWatch finds an edit though something is written all the time", async () => {
  await using watched = await new Watched().open();
  let count = 0;
  const writing = setInterval(() => {
    Deno.writeTextFileSync(`${watched.folder}/log.txt`, `${count++}`);
  }, 10);
  try {
    await watched.write("greeter.ts", `${GREETER}// edited\n`);
    assertEquals((await watched.next()).edited, ["greeter"]);
  } finally {
    clearInterval(writing);
  }
});

Deno.test("RepositoryWatch keeps what was there while the new one can't be used", async () => {
  await using watched = await new Watched().open();
  await watched.write("mesh.json", '{ "services": { "greeter": { "idel": "1s" } }, "routes": {} }');
  const warning = await watched.warning();
  assertStringIncludes(warning, "Cannot take the change: Cannot use the mesh");
  assertStringIncludes(warning, "idel");
  assertStringIncludes(warning, "the services before stay as they are");
  const greeter = { env: { MOOD: "good" } };
  await watched.write("mesh.json", JSON.stringify({ services: { greeter }, routes: {} }));
  assertEquals((await watched.next()).edited, ["greeter"]);
});

Deno.test("RepositoryWatch takes times and edges for no edit, but tells them", async () => {
  await using watched = new Watched();
  const mesh = (greeter: unknown) => JSON.stringify({ services: { greeter }, routes: {} });
  await watched.write("greeter.ts", GREETER);
  await watched.write("mesh.json", mesh({}));
  await watched.open();
  await watched.write("mesh.json", mesh({ idle: "5s", plugs: "*" }));
  const { edited, repository } = await watched.next();
  assertEquals([edited, repository.services.get("greeter")?.plugs], [[], "*"]);
  await watched.write("mesh.json", mesh({ idle: "5s", permissions: { env: ["MOOD"] } }));
  assertEquals((await watched.next()).edited, ["greeter"]);
});

Deno.test("RepositoryWatch is not woken by what is written without being changed", async () => {
  await using watched = await new Watched().open();
  await watched.write("greeter.ts", GREETER);
  await watched.write(".data/history", "something");
  await watched.write("fresh.ts", GREETER);
  assertEquals((await watched.next()).added, ["fresh"]);
});

Deno.test("RepositoryWatch follows a link that leads to another folder now", async () => {
  await using releases = new Watched();
  await releases.write("one/greeter.ts", GREETER);
  await releases.write("two/greeter.ts", `${GREETER}// the second release\n`);
  await Deno.symlink(`${releases.folder}/one`, `${releases.folder}/now`);
  const { promise, resolve } = Promise.withResolvers<RepositoryChange>();
  const path = `${releases.folder}/now`;
  const watch = await RepositoryWatch.open({ path, lookMs: 50, changed: resolve, warn: () => {} });
  try {
    await Deno.symlink(`${releases.folder}/two`, `${releases.folder}/next`);
    await Deno.rename(`${releases.folder}/next`, path);
    assertEquals((await promise).edited, ["greeter"]);
  } finally {
    watch.close();
  }
});

Deno.test("RepositoryWatch finds what is edited where nothing is noticed", async () => {
  await using elsewhere = new Watched();
  await elsewhere.write("secret", "one");
  await using watched = new Watched();
  const services = { greeter: { secrets: { KEY: `${elsewhere.folder}/secret` } } };
  await watched.write("mesh.json", JSON.stringify({ services, routes: {} }));
  await watched.open(20);
  await elsewhere.write("secret", "another one");
  assertEquals((await watched.next()).edited, ["greeter"]);
});

Deno.test("hasChanged() sees that a file was written or is gone", async () => {
  await using watched = new Watched();
  await watched.write("greeter.ts", GREETER);
  const known: FileDigests = new Map();
  await loadRepository(watched.folder, { known });
  assertEquals(hasChanged(known), false);
  await watched.write("greeter.ts", `${GREETER}// another one\n`);
  assertEquals(hasChanged(known), true);
  await loadRepository(watched.folder, { known });
  assertEquals(hasChanged(known), false);
  await Deno.remove(`${watched.folder}/greeter.ts`);
  assertEquals(hasChanged(known), true);
});

Deno.test("loadRepository() gives equal versions to equal services, and no others", async () => {
  await using watched = new Watched();
  await watched.write("greeter.ts", GREETER);
  const first = await loadRepository(watched.folder);
  const second = await loadRepository(watched.folder);
  assertEquals([...second.versions], [...first.versions]);
  await watched.write("greeter.ts", `${GREETER}\n`);
  const third = await loadRepository(watched.folder);
  assert(third.versions.get("greeter") !== first.versions.get("greeter"));
});

Deno.test("loadRepository() waits for no pipe that stands where a module should", async () => {
  await using watched = new Watched();
  await watched.write("greeter.ts", `${GREETER}import "./_pipe.ts";\n`);
  const first = await loadRepository(watched.folder);
  await new Deno.Command("mkfifo", { args: [`${watched.folder}/_pipe.ts`] }).output();
  assertEquals((await loadRepository(watched.folder)).versions, first.versions);
});

Deno.test("RepositoryWatch keeps what mesh.json said while there is none", async () => {
  await using watched = new Watched();
  await watched.write("mesh.json", JSON.stringify({ services: { greeter: {} }, routes: {} }));
  await watched.open(50);
  await Deno.remove(`${watched.folder}/mesh.json`);
  assertStringIncludes(await watched.warning(), 'mesh.json" is gone, without which everybody');
  await Deno.symlink("nothing", `${watched.folder}/mesh.json`);
  assertStringIncludes(await watched.warning(), "mesh.json: cannot be read");
  await Deno.remove(`${watched.folder}/mesh.json`);
  await Deno.mkdir(`${watched.folder}/mesh.json`);
  for (let text = ""; !text.includes("is a folder, not a file");) {
    text = await watched.warning();
  }
  await Deno.remove(`${watched.folder}/mesh.json`);
  const routes = { "/": "greeter" };
  await watched.write("mesh.json", JSON.stringify({ services: { greeter: {} }, routes }));
  assertEquals((await watched.next()).edited, []);
});
