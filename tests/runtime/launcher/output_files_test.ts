import { assert, assertEquals } from "@std/assert";
import { lastLinesOf, OutputFiles, outputFiles } from "../../../runtime/launcher/output_files.ts";

/** The output of a process that a test plays, and the lines that were read of it. */
class Followed implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "smmp-test-" });
  readonly path = `${this.folder}/7`;
  readonly lines: string[] = [];
  output: OutputFiles | undefined;
  #wake = () => {};

  follow(isTakenOver = false): void {
    this.output = new OutputFiles(this.path, {
      line: (text, stream) => {
        this.lines.push(`${stream} ${text}`);
        this.#wake();
      },
      isTakenOver,
    });
  }

  /** Appends, as a process does whose output goes to a file. */
  async print(text: string, stream: "stdout" | "stderr" = "stdout"): Promise<void> {
    await Deno.writeTextFile(outputFiles(this.path)[stream], text, { append: true });
  }

  async until(count: number): Promise<void> {
    while (this.lines.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.output?.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("OutputFiles passes lines on as they are written, and the rest at the end", async () => {
  await using followed = new Followed();
  followed.follow();
  await followed.print("one\ntwo ");
  await followed.until(1);
  await followed.print("parts\n");
  await followed.until(2);
  await followed.print("no end", "stderr");
  assertEquals(followed.output?.end(), ["no end"]);
  assertEquals(followed.lines, ["stdout one", "stdout two parts", "stderr no end"]);
  assertEquals([...Deno.readDirSync(followed.folder)], []);
});

Deno.test("OutputFiles empties what it has read, so that the files stay small", async () => {
  await using followed = new Followed();
  followed.follow();
  const line = `${"x".repeat(999)}\n`;
  await followed.print(line.repeat(1_500));
  await followed.until(1_500);
  const { stdout } = outputFiles(followed.path);
  // Nothing tells when a file was emptied.
  while ((await Deno.stat(stdout)).size > 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await followed.print("after it\n");
  await followed.until(1_501);
  assertEquals(followed.lines.at(-1), "stdout after it");
});

Deno.test("OutputFiles leaves out what is too much at once, and says so", async () => {
  await using followed = new Followed();
  await followed.print("");
  followed.follow();
  const { stdout } = outputFiles(followed.path);
  await Deno.truncate(stdout, 40 * 1024 * 1024);
  const isSaid = () => followed.lines.some((line) => line.includes("are not shown"));
  while (!isSaid()) await followed.until(followed.lines.length + 1);
  assert((await Deno.stat(stdout)).size <= 16 * 1024 * 1024);
});

Deno.test("OutputFiles that have ended are not read by a timer that was due already", () => {
  const folder = Deno.makeTempDirSync({ prefix: "smmp-test-" });
  const { setTimeout } = globalThis;
  // Deno before 2.9 calls a timer that is cleared by what came in the turn in which it was due.
  const due: (() => void)[] = [];
  const keep = (run: () => void) => due.push(run);
  try {
    Object.assign(globalThis, { setTimeout: keep });
    const output = new OutputFiles(`${folder}/7`, { line() {}, isTakenOver: false });
    assertEquals(output.end(), []);
    assertEquals(due.length, 1);
    for (const run of due) run();
    assertEquals(due.length, 1);
  } finally {
    Object.assign(globalThis, { setTimeout });
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("OutputFiles of a process that was taken over begin with its next line", async () => {
  await using followed = new Followed();
  await followed.print("passed on before\n");
  await followed.print("old words\n", "stderr");
  followed.follow(true);
  await followed.print("from now on\n");
  await followed.until(1);
  assertEquals(followed.lines, ["stdout from now on"]);
  assertEquals(followed.output?.end(), ["old words"]);
});

Deno.test("lastLinesOf() tells the end of stderr, and nothing where there is none", async () => {
  await using followed = new Followed();
  assertEquals(lastLinesOf(followed.path), []);
  await followed.print(
    Array.from({ length: 50 }, (_, number) => `line ${number}\n`).join(""),
    "stderr",
  );
  const lines = lastLinesOf(followed.path);
  assertEquals([lines.length, lines.at(-1)], [20, "line 49"]);
});
