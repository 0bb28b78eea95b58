import { assert, assertEquals } from "@std/assert";
import { codeLines, findReadmeProblems } from "./readme.ts";
import { PROJECT } from "./source_files.ts";

const TASKS = ["mesh", "smmp", "test"];

/** A README with these lines in a code block. */
function readme(...lines: string[]): string {
  return ["# Mesh", "```sh", ...lines, "```", "deno task nothing is prose", ""].join("\n");
}

Deno.test("every command in README.md can be typed", async () => {
  const markdown = await Deno.readTextFile(new URL("README.md", PROJECT));
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", PROJECT)));
  assertEquals(findReadmeProblems(markdown, Object.keys(tasks)), []);
});

Deno.test("codeLines() reads code blocks only, indented ones too", () => {
  const markdown = "a\n```sh\nb\n```\nc\n- d\n  ~~~\n  e\n  ~~~\nf\n";
  assertEquals(codeLines(markdown).filter((line) => line !== ""), ["b", "e"]);
});

Deno.test("findReadmeProblems() accepts the commands that exist", () => {
  const lines = [
    "npx -y deno@2.9.6 task mesh        # or: deno task mesh",
    "$ deno task test",
    "deno task mesh examples/hello --port 8080 --json",
    "deno task smmp history --since 10m [--service greeter]",
    "deno task smmp stop ID",
    "deno task smmp --help",
    "curl http://127.0.0.1:8080/greeter/hello/Ada",
  ];
  assertEquals(findReadmeProblems(readme(...lines), TASKS), []);
});

Deno.test("findReadmeProblems() finds tasks, commands and flags that do not exist", () => {
  const bad = [
    "deno task mehs",
    "npx -y deno@2.9.6 task serve",
    "deno task smmp histroy",
    "deno task smmp --json ps",
    "deno task smmp ps --jsn",
    "deno task mesh --prot 80",
  ];
  const problems = findReadmeProblems(readme("deno task mesh", "deno task test", ...bad), TASKS);
  assertEquals(problems.length, bad.length, problems.join("\n"));
  assert(problems[2]?.endsWith('did you mean "history"?'));
  assert(problems[5]?.endsWith('did you mean "--port"?'));
});

Deno.test("findReadmeProblems() asks for the two commands that a newcomer needs", () => {
  assertEquals(findReadmeProblems(readme("deno task mesh"), TASKS), [
    'no code block shows "deno task test"',
  ]);
  assertEquals(findReadmeProblems("# Mesh", TASKS).length, 2);
});
