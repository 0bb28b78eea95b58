import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  ADMIN_FILE,
  type AdminFile,
  AdminFileError,
  readAdminFile,
  removeAdminFile,
  writeAdminFile,
} from "../../../runtime/admin/admin_file.ts";

const CONTENT: AdminFile = {
  url: "http://127.0.0.1:8081",
  token: "secret",
  gatewayUrl: "http://127.0.0.1:8080",
  pid: 42,
};

function withFolder(work: (folder: string) => void): () => void {
  return () => {
    const folder = Deno.makeTempDirSync();
    try {
      work(folder);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  };
}

Deno.test(
  "writeAdminFile() writes what readAdminFile() reads, for the owner alone",
  withFolder((folder) => {
    writeAdminFile(folder, { ...CONTENT, gatewayUrl: null });
    writeAdminFile(folder, CONTENT);
    assertEquals(readAdminFile(folder), CONTENT);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [ADMIN_FILE]);
    const { mode } = Deno.statSync(join(folder, ADMIN_FILE));
    if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
  }),
);

Deno.test(
  "writeAdminFile() replaces a file that everybody could read",
  withFolder((folder) => {
    const path = join(folder, ADMIN_FILE);
    Deno.writeTextFileSync(path, "{}", { mode: 0o644 });
    Deno.writeTextFileSync(`${path}.42.new`, "half", { mode: 0o644 });
    writeAdminFile(folder, CONTENT);
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  }),
);

Deno.test(
  "readAdminFile() says what to do when there is no mesh, and refuses other files",
  withFolder((folder) => {
    const path = join(folder, ADMIN_FILE);
    assertThrows(() => readAdminFile(folder), AdminFileError, "start one with deno task mesh");
    const bad = [
      "",
      "{",
      "[]",
      "null",
      JSON.stringify({ ...CONTENT, url: "not a url" }),
      JSON.stringify({ ...CONTENT, token: undefined }),
      JSON.stringify({ ...CONTENT, gatewayUrl: 8080 }),
      JSON.stringify({ ...CONTENT, pid: "42" }),
    ];
    for (const text of bad) {
      Deno.writeTextFileSync(path, text);
      assertThrows(() => readAdminFile(folder), AdminFileError, "it is not what a mesh wrote");
    }
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    assertThrows(() => readAdminFile(folder), AdminFileError, `Cannot read "${path}"`);
  }),
);

Deno.test(
  "removeAdminFile() removes the file of its own process only",
  withFolder((folder) => {
    removeAdminFile(folder, 42);
    writeAdminFile(folder, CONTENT);
    removeAdminFile(folder, 43);
    assertEquals(readAdminFile(folder).pid, 42);
    removeAdminFile(folder, 42);
    assertThrows(() => readAdminFile(folder), AdminFileError);
  }),
);
