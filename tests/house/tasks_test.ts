import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { PROJECT } from "./source_files.ts";

Deno.test("every folder of tests is run by one of the tasks of deno task test", () => {
  const folders = [...Deno.readDirSync(new URL("tests", PROJECT))]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => `tests/${name}`);
  const { "test:parts": parts, "test:meshes": meshes } = config.tasks;
  const run = `${parts} ${meshes}`.split(" ").filter((word) => word.startsWith("tests/"));
  assertEquals(run.toSorted(), folders.toSorted());
});
