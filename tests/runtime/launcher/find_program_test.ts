import { assertEquals } from "@std/assert";
import { findProgram } from "../../../runtime/launcher/find_program.ts";
import { withFolder } from "../config/folder.ts";

Deno.test("findProgram() takes the first program on the PATH that can be run", async () => {
  const files = { "plain/deno": "", "folder/deno/x": "", "first/deno": "", "second/deno": "" };
  await withFolder(files, async (folder) => {
    for (const name of ["first", "second"]) await Deno.chmod(`${folder}/${name}/deno`, 0o755);
    const path = ["plain", "folder", "gone", "first", "second"].map((one) => `${folder}/${one}`);
    assertEquals(findProgram("deno", path.join(":")), `${folder}/first/deno`);
    assertEquals(findProgram("deno", path.slice(0, 3).join(":")), undefined);
    assertEquals(findProgram("nobody", path.join(":")), undefined);
  });
});

Deno.test("findProgram() looks in no folder that depends on where somebody stands", () => {
  assertEquals(findProgram("deno.json", "::.:tests/..:"), undefined);
});
