import { assertEquals, assertMatch } from "@std/assert";
import { runWords, withServedMesh } from "../served_mesh.ts";

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

Deno.test("logs of what is not there is an error, with the service that was meant", async () => {
  await withServedMesh(async ({ run, backend }) => {
    backend.isSilent = true;
    for (const words of ["logs greter", "logs greter --follow"]) {
      const { code, err } = await run(words);
      assertEquals([code, err], [
        1,
        'Cannot show the logs of "greter": no such service; did you mean "greeter"?\n',
      ]);
    }
    assertMatch((await run("logs 99")).err, /^Cannot show the logs of "99": it does not run/);
    const { code, out } = await run("logs counter");
    assertEquals([code, out], [0, "Nothing was written by counter, as far as it is kept.\n"]);
  });
});
