/**
 * `deno task test:hosts:long [SECONDS]`: the manager of a mesh on several hosts is killed three
 * times within a minute of 200 requests a second. Prints what became of the requests; ends with 1
 * unless each was answered. Needs the rights to make network namespaces.
 *
 * @module
 */

import { Hosts } from "./worlds/namespaces.ts";
import { killManagers } from "./manager_kills.ts";
import { HOST_NAMES, World } from "./worlds/world.ts";

const PER_SECOND = 200;
/** What is between two things that happen: three kills, three starts, and the two ends. */
const INTERVALS = 7;

async function main([text = "60"]: readonly string[]): Promise<number> {
  const seconds = Number(text);
  if (!(seconds > 0)) {
    console.error(`Cannot take "${text}": expected a number of seconds`);
    return 2;
  }
  const requestsBetween = Math.ceil(seconds * PER_SECOND / INTERVALS);
  await using hosts = await Hosts.make(HOST_NAMES);
  await using world = await World.make(hosts);
  const report = await killManagers(world, { perSecond: PER_SECOND, requestsBetween });
  console.log(JSON.stringify(report, null, 2));
  return report.done === report.sent ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
