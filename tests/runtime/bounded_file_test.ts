import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  FileError,
  readBounded,
  readBoundedSync,
  readBoundedText,
  readBoundedTextSync,
} from "../../runtime/bounded_file.ts";
import { withFolder } from "./config/folder.ts";

async function isRefused(path: string, why: string): Promise<void> {
  await assertRejects(() => readBoundedText(path, 1_000), FileError, why);
  assertThrows(() => readBoundedTextSync(path, 1_000), FileError, why);
}

Deno.test("readBounded() refuses what is no file at once, and says what it is", async () => {
  await withFolder({}, async (folder) => {
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    const device = "is a pipe, a socket or a device, not a file";
    await isRefused(folder, `${folder} is a folder, not a file`);
    await isRefused(`${folder}/pipe`, `${folder}/pipe ${device}`);
    await isRefused("/dev/zero", `/dev/zero ${device}`);
    await isRefused(`${folder}/none`, `there is no file ${folder}/none`);
    await Deno.writeFile(`${folder}/bytes`, new Uint8Array([0xff, 0xfe]));
    await isRefused(`${folder}/bytes`, "is no text: expected UTF-8, found other bytes");
  });
});

Deno.test("readBounded() takes as many bytes as there may be, and reads no more", async () => {
  await withFolder({}, async (folder) => {
    const path = `${folder}/file`;
    for (const size of [0, 1, 8_191, 8_192, 8_193, 20_000, 65_536]) {
      const bytes = Uint8Array.from({ length: size }, (_, at) => at % 251);
      await Deno.writeFile(path, bytes);
      assertEquals(await readBounded(path, 65_536), bytes);
      assertEquals(readBoundedSync(path, size), bytes);
      if (size === 0) continue;
      assertThrows(() => readBoundedSync(path, size - 1), FileError, `over ${size - 1} bytes`);
    }
    // A file of a terabyte, as far as its size goes.
    await Deno.truncate(path, 2 ** 40);
    await isRefused(path, `${path} is over 1000 bytes`);
  });
});

Deno.test("readBounded() reads a file whose size nobody knows", async () => {
  assertEquals((await readBoundedText("/proc/self/status", 65_536)).startsWith("Name:"), true);
  await isRefused("/proc/self/maps", "/proc/self/maps is over 1000 bytes");
});
