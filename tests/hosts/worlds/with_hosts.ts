/**
 * Tests that need hosts. Where there can't be any they say so; in CI that is a failure.
 *
 * @module
 */

import { Hosts, NoNamespacesError } from "./namespaces.ts";
import { HOST_NAMES, World } from "./world.ts";

/** Makes hosts for a test, and removes them whatever happens. */
export async function withHosts<Name extends string>(
  names: readonly Name[],
  work: (hosts: Hosts<Name>) => Promise<void>,
): Promise<void> {
  let made: Hosts<Name>;
  try {
    made = await Hosts.make(names);
  } catch (error) {
    const isOurs = error instanceof NoNamespacesError;
    if (!isOurs || Deno.env.get("CI") === "true") throw error;
    return console.warn(`This was not tested: ${error.message}`);
  }
  await using hosts = made;
  await work(hosts);
}

/** Makes hosts with certificates for a test of a mesh. */
export async function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  await withHosts(HOST_NAMES, async (hosts) => {
    await using world = await World.make(hosts);
    await work(world);
  });
}
