import { assertEquals } from "@std/assert";
import { guardConsole } from "../../../runtime/service/console_guard.ts";
import { withSmallDisk } from "../manager/small_disk.ts";

/** Prints what can't be printed, then says by its exit code that it goes on. */
const PROGRAM = `
  import { guardConsole } from "${
  import.meta.resolve("../../../runtime/service/console_guard.ts")
}";
  guardConsole(console);
  console.log("lost");
  console.table([{ lost: 1 }]);
  console.error("said");
  Deno.exit(7);
`;

Deno.test("guardConsole() goes on when the disk of what is printed is full", async () => {
  await withSmallDisk(async ({ folder, fill }) => {
    await fill();
    const program = `${folder}.ts`;
    await Deno.writeTextFile(program, PROGRAM);
    try {
      const command = `"$0" run --no-lock --no-config "$1" > "$2"`;
      const { code, stderr } = await new Deno.Command("sh", {
        args: ["-c", command, Deno.execPath(), program, `${folder}/output`],
      }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [7, "said\n"]);
    } finally {
      await Deno.remove(program);
    }
  });
});

Deno.test("guardConsole() prints what can be printed", () => {
  const printed: unknown[] = [];
  const made: Console = Object.create(console, {
    log: { value: (...values: unknown[]) => printed.push(...values), writable: true },
    warn: {
      value: () => {
        throw new Error("no room");
      },
      writable: true,
    },
  });
  guardConsole(made);
  made.log("one", 2);
  made.warn("lost");
  assertEquals(printed, ["one", 2]);
});
