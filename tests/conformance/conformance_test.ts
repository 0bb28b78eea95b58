import { assertEquals } from "@std/assert";
import { ALLOWED } from "./allowed.ts";
import type { Case } from "./case.ts";
import { BODIES } from "./cases/bodies.ts";
import { CONNECTIONS } from "./cases/connections.ts";
import { LIMITS } from "./cases/limits.ts";
import { MESSAGES } from "./cases/messages.ts";
import { SMUGGLING } from "./cases/smuggling.ts";
import { STREAMS } from "./cases/streams.ts";
import { TARGETS } from "./cases/targets.ts";
import { differencesOf, isAllowed } from "./differences.ts";
import { IS_OLD_DENO, startWorlds } from "./worlds.ts";

const CASES: readonly Case[] = [
  ...MESSAGES,
  ...TARGETS,
  ...BODIES,
  ...STREAMS,
  ...CONNECTIONS,
  ...LIMITS,
  ...SMUGGLING,
];

/** Allowed differences that depend on which of two things happens first. */
const RACES = /race|is whole before|connection is kept/;

const NAME = "a mesh changes nothing of HTTP but what is allowed";

Deno.test({ name: NAME, ignore: IS_OLD_DENO }, async (test) => {
  await using worlds = await startWorlds();
  const unused = new Set(ALLOWED.filter(({ reason }) => !RACES.test(reason)));
  for (const { name, run } of CASES) {
    await test.step(name, async () => {
      const direct = await run(worlds.direct);
      for (const world of worlds.meshed) {
        const forbidden = differencesOf(direct, await run(world)).filter((difference) => {
          const allowed = ALLOWED.filter((one) => {
            return (one.world ?? world.name) === world.name && isAllowed(name, difference, one);
          });
          for (const one of allowed) unused.delete(one);
          return allowed.length === 0;
        });
        assertEquals(forbidden, [], `in the world "${world.name}"`);
      }
    });
  }
  await test.step("every difference that is allowed is there", () => {
    assertEquals([...unused], []);
  });
  await test.step("nothing of all that is worth a warning of the mesh", () => {
    assertEquals([worlds.mesh.all("warning"), worlds.mesh.stderr], [[], ""]);
  });
});
