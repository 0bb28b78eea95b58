import { assertEquals, assertMatch } from "@std/assert";
import { runWords, withServedMesh } from "./served_mesh.ts";

Deno.test("logs prints each line with its time and instance, and what was lost", async () => {
  await withServedMesh(async ({ run }) => {
    const { code, out } = await run("logs greeter --stderr");
    assertEquals(code, 0);
    assertMatch(out, /^greeter#2 … 3 lines lost\n[\d:.]{12} {2}greeter#2 \| hello\n$/);
  });
});

Deno.test("logs needs the token even to read", async () => {
  await withServedMesh(async ({ url }) => {
    const response = await fetch(`${url}/v1/logs?service=greeter`);
    await response.body?.cancel();
    assertEquals(response.status, 401);
    const { code } = await runWords(["logs", "greeter", "--admin", url, "--token", "wrong"]);
    assertEquals(code, 1);
  });
});
