import { assert, assertEquals } from "@std/assert";
import { HostOutput } from "../../../runtime/worker/host_output.ts";
import { endMark, newTag, taggedLines } from "../../../runtime/worker/tagged_line.ts";

interface Output {
  readonly output: HostOutput;
  readonly hostTag: string;
  readonly tags: readonly [string, string];
  /** What was heard, in order. */
  readonly heard: string[];
}

/** The output of a process with the workers a#1 and b#2. */
function outputOfTwo(): Output {
  const heard: string[] = [];
  const hostTag = newTag();
  const tags = [newTag(), newTag()] as const;
  const output = new HostOutput(hostTag, {
    ended: (workerID) => heard.push(`ended ${workerID}`),
    stray: (text) => heard.push(`stray ${text}`),
  });
  for (const [index, name] of ["a#1", "b#2"].entries()) {
    const line = (text: string, stream: string) => heard.push(`${name} ${stream} ${text}`);
    output.add(tags[index] ?? "", { name, line });
  }
  return { output, hostTag, tags, heard };
}

function feed(output: HostOutput, text: string): void {
  for (const line of text.split("\n").slice(0, -1)) output.take(line);
}

Deno.test("HostOutput gives each line to the worker whose tag it has", () => {
  const { output, hostTag, tags: [a, b], heard } = outputOfTwo();
  feed(output, taggedLines(a, "stdout", "one\ntwo\n").join(""));
  feed(output, taggedLines(b, "stderr", "three\n").join(""));
  feed(output, taggedLines(newTag(), "stderr", "nobody's\n").join(""));
  feed(output, endMark(hostTag, 2));
  assertEquals(heard.filter((text) => !text.startsWith("stray ")), [
    "a#1 stdout one",
    "a#1 stdout two",
    "b#2 stderr three",
    "ended 2",
  ]);
  assertEquals(heard.length, 5);
});

Deno.test("HostOutput puts the parts of a line together, those of others between them", () => {
  const { output, tags: [a, b], heard } = outputOfTwo();
  feed(output, taggedLines(a, "stdout", "in ").join(""));
  feed(output, taggedLines(b, "stdout", "other\n").join(""));
  feed(output, taggedLines(a, "stdout", "parts\nunended").join(""));
  output.remove(a);
  assertEquals(heard, ["b#2 stdout other", "a#1 stdout in parts", "a#1 stdout unended"]);
});

Deno.test("taggedLines() writes long lines in pieces that a pipe takes at once", () => {
  const { output, tags: [a], heard } = outputOfTwo();
  const text = "ä😀x".repeat(1_500);
  const written = taggedLines(a, "stderr", `${text}\n`);
  assert(written.length > 3);
  for (const line of written) assert(new TextEncoder().encode(line).byteLength < 4_096);
  feed(output, written.join(""));
  assertEquals(heard, [`a#1 stderr ${text}`]);
});

Deno.test("HostOutput cuts a line that is too long", () => {
  const { output, tags: [a], heard } = outputOfTwo();
  feed(output, taggedLines(a, "stdout", `${"x".repeat(20_000)}\nnext\n`).join(""));
  assertEquals(heard.map((text) => text.length), ["a#1 stdout ".length + 8_193, 15]);
});

Deno.test("HostOutput gives what Deno prints of an error to the worker that failed", () => {
  const { output, hostTag, tags: [a, b], heard } = outputOfTwo();
  feed(output, 'error: Uncaught (in worker "b#2") (in promise) Error: boom\n    at b.ts:1:1\n');
  feed(output, taggedLines(a, "stdout", "meanwhile\n").join(""));
  feed(output, `    at b.ts:2:2${endMark(hostTag, 2)}`);
  output.remove(b);
  feed(output, "whose is this?\n");
  assertEquals(heard, [
    "b#2 stderr error: Uncaught (in promise) Error: boom",
    "b#2 stderr     at b.ts:1:1",
    "a#1 stdout meanwhile",
    "b#2 stderr     at b.ts:2:2",
    "ended 2",
    "stray whose is this?",
  ]);
});
