/**
 * Checks that no two links of an agent speak for one instance, and that who speaks for one is it.
 *
 * @module
 */

import type { World } from "../world.ts";

/** Looks at the links of every agent. */
export function judgeClaims(world: World): void {
  for (const { run, name } of world.agents) {
    const { instances, links } = run?.host.state ?? {};
    for (const [link, { serviceID }] of links ?? []) {
      if (serviceID === undefined || instances?.get(serviceID)?.link === link) continue;
      const text = `${name} takes link ${link} for instance ${serviceID}, which has another one`;
      world.violations.report("claims", text);
    }
  }
}
