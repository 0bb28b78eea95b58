/**
 * `deno task test:drains [PER_SECOND]`: instances end in every way that there is while 500 requests
 * a second come. Prints what became of the requests; ends with 1 unless each was answered rightly.
 *
 * @module
 */

import { DRAIN_CASES } from "./cases.ts";

/** For so long there are requests before and after what happens. Seconds. */
const SECONDS = 3;

async function main([text = "500"]: readonly string[]): Promise<number> {
  const perSecond = Number(text);
  if (!(perSecond >= 20)) {
    console.error(`Cannot take "${text}": expected a number of requests a second, at least 20`);
    return 2;
  }
  let failedAll = 0;
  console.log(`${"case".padEnd(26)}   sent  failed    p50  slowest   (ms)`);
  for (const { title, run } of DRAIN_CASES) {
    const report = await run({ perSecond, requests: perSecond * SECONDS });
    const { sent, done, medianMs, slowestMs, failures } = report;
    const numbers = [[sent, 7], [sent - done, 8], [medianMs, 7], [slowestMs, 9]] as const;
    console.log(
      title.padEnd(26) + numbers.map(([number, width]) => `${number}`.padStart(width)).join(""),
    );
    for (const [failure, count] of Object.entries(failures)) console.log(`  ${count}x ${failure}`);
    failedAll += sent - done;
  }
  return failedAll === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
