import { assert, assertNotEquals } from "@std/assert";
import { DEADLINE_MS, type MeshProcess, startMesh } from "./mesh_process.ts";

/** A service that says when it was loaded, by which process. Each request ends its instance. */
const SERVICE = `
  const loadedMs = Date.now();
  export default {
    fetch(request: Request): Response {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname === "/exit") Deno.exit(0);
      return Response.json({ mark: "first", wasSpare: loadedMs < Number(searchParams.get("at")) });
    },
  };
`;

/** Asks, each time of a new instance, until one is as wanted. */
async function askUntil(
  mesh: MeshProcess,
  isWanted: (answer: { mark?: string; wasSpare?: boolean }) => boolean,
): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const answer: { mark?: string; wasSpare?: boolean; detail?: string } = JSON.parse(
      await mesh.text(`/greet/?at=${Date.now()}`),
    );
    if (isWanted(answer)) return;
    assert(performance.now() < endMs, `never as wanted, at last ${JSON.stringify(answer)}`);
    await (await mesh.fetch("/greet/exit")).body?.cancel();
    // Nothing outside tells when the next spare is ready.
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

Deno.test("warm: a spare answers that was loaded before, never with what was edited", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  try {
    await using mesh = await startMesh({
      services: { greet: { entry: "./greet.ts", warm: 1 } },
      files: { "greet.ts": SERVICE },
      folder,
    });
    await askUntil(mesh, ({ wasSpare = false }) => wasSpare);
    await askUntil(mesh, ({ wasSpare = false }) => wasSpare);
    await (await mesh.fetch("/greet/exit")).body?.cancel();
    await Deno.writeTextFile(`${folder}/greet.ts`, SERVICE.replace('"first"', '"second"'));
    await askUntil(mesh, ({ mark }) => {
      assertNotEquals(mark, "first", "what was loaded before the edit");
      return mark === "second";
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
