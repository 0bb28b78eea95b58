import { assert } from "@std/assert";
import { simulate } from "../simulation.ts";
import { SABOTAGES } from "./sabotages.ts";

for (const { name, checker, roles } of SABOTAGES) {
  Deno.test(`simulate() notices ${name}`, () => {
    const found: string[] = [];
    for (let seed = 1; seed <= 20 && !found.some((text) => text.includes(` s, ${checker}:`));) {
      found.push(...simulate(seed, { roles }).violations);
      seed += 1;
    }
    assert(found.some((text) => text.includes(` s, ${checker}:`)), found.join("\n"));
  });
}
