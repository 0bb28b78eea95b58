import { assertEquals } from "@std/assert";
import { terminalIO } from "../../../runtime/cli/io.ts";

Deno.test("terminalIO() waits for a reader whose pipe is full and does not block", () => {
  const { writeSync } = Deno.stdout;
  const written: string[] = [];
  let calls = 0;
  Deno.stdout.writeSync = (bytes) => {
    calls += 1;
    if (calls % 2 === 1) throw new Deno.errors.WouldBlock("the pipe is full");
    const part = bytes.subarray(0, 4);
    written.push(new TextDecoder().decode(part));
    return part.length;
  };
  try {
    terminalIO().stdout("ten letters");
  } finally {
    Deno.stdout.writeSync = writeSync;
  }
  assertEquals(written, ["ten ", "lett", "ers"]);
});
