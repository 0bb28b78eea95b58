/**
 * What certificates cost on a link between two processes: messages by TLS against plain TCP.
 *
 * @module
 */

import { LinkLab, type MeasuredLink } from "./links/lab.ts";
import type { Measurement } from "../measurement.ts";

/** How much is measured. */
export interface LinkBenchOptions {
  /** How often each is measured. @default {7} */
  readonly runs?: number;
  /** How many messages are sent one way in one run. @default {100_000} */
  readonly streamed?: number;
  /** How many messages are answered in one run. @default {20_000} */
  readonly asked?: number;
}

/** The least share of plain TCP. */
const RATIO_MIN = 0.6;
const OUTSTANDING = 64;

/** Measures links. */
export async function benchLinks(options: LinkBenchOptions = {}): Promise<Measurement[]> {
  const { runs = 7, streamed = 100_000, asked = 20_000 } = options;
  const kinds: Readonly<Record<string, (link: MeasuredLink) => Promise<number>>> = {
    "messages one way": (link) => link.stream(streamed),
    [`messages answered, ${OUTSTANDING} at once`]: (link) => link.ask(asked, OUTSTANDING),
    "messages answered, one by one": (link) => link.ask(Math.ceil(asked / 10), 1),
  };
  const found = Object.keys(kinds).map((name) => ({
    name,
    secure: [] as number[],
    plain: [] as number[],
  }));
  const lab = new LinkLab();
  try {
    await lab.start();
    // The first runs are for the compiler.
    for (let run = -1; run < runs; run += 1) {
      for (const { name, secure, plain } of found) {
        const numbers = [await kinds[name]?.(lab.plain), await kinds[name]?.(lab.secure)];
        const [ofPlain = NaN, ofSecure = NaN] = numbers;
        if (run < 0) continue;
        plain.push(ofPlain);
        secure.push(ofSecure);
      }
    }
  } finally {
    await lab.stop();
  }
  return found.map(({ name, secure, plain }, index): Measurement => ({
    bench: "links",
    name: `${name}, TLS`,
    unit: "per s",
    runs: secure,
    reference: { name: "plain TCP", runs: plain },
    // The goal is that of a manager under load. One by one it is latency that is measured: a round
    // trip of 46 µs against 26, of which nobody waits for a thousand in a row.
    ...(index < 2 ? { goal: { of: "ratio", atLeast: RATIO_MIN } } : {}),
  }));
}
