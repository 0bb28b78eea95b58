// The nine flows, each as a script of events with the whole trace that follows from them:
// tests/flows/transcripts/*.txt. Lines that begin with "> " are the script (see script.ts), lines
// that begin with "# " are comments, all others are the trace.
//
// To write the traces anew, and review them as a diff:
//   deno task flows --update

import { assertEquals } from "@std/assert";
import { Script } from "./script.ts";

const FOLDER = new URL("transcripts/", import.meta.url);
const IS_UPDATE = Deno.args.includes("--update");

/** Runs the script in a transcript and gives the transcript as it should be. */
function play(text: string): string {
  const script = new Script();
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const isComment = line.startsWith("# ");
    if (!line.startsWith("> ") && !isComment) continue;
    if (lines.length > 0) lines.push("");
    if (isComment && lines.at(-2)?.startsWith("# ")) lines.pop();
    lines.push(line);
    if (isComment) continue;
    script.run(line.slice(2));
    lines.push(...script.world.lines.splice(0));
  }
  return `${lines.join("\n")}\n`;
}

/** Runs the script in a transcript, and gives what the manager knew whenever it was asked. */
function registries(text: string, copies: number): string[] {
  const script = new Script(copies);
  for (const line of text.split("\n")) if (line.startsWith("> ")) script.run(line.slice(2));
  // A repeated processData counts twice.
  const known = script.world.lines.filter((line) => /^ *[\d.]+ {2}= /.test(line));
  return known.map((line) => line.replace(/, \d+ exchanges/, ""));
}

const names: string[] = [];
for await (const { name } of Deno.readDir(FOLDER)) {
  if (name.endsWith(".txt")) names.push(name);
}

Deno.test("there is a transcript of each of the nine flows", () => {
  assertEquals(names.map((name) => name.slice(0, 1)).sort(), [..."123456789"]);
});

for (const name of names.sort()) {
  const title = name.replace(".txt", "").replaceAll("_", " ");
  Deno.test(`flow ${title} goes as its transcript`, async () => {
    const file = new URL(name, FOLDER);
    const written = await Deno.readTextFile(file);
    const played = play(written);
    if (IS_UPDATE) await Deno.writeTextFile(file, played);
    else assertEquals(written, played);
  });

  Deno.test(`flow ${title} gives the same registry when each message comes twice`, async () => {
    const text = await Deno.readTextFile(new URL(name, FOLDER));
    assertEquals(registries(text, 2), registries(text, 1));
  });
}
