/**
 * A soak: mixed traffic for minutes, while instances are killed and started, every answer checked.
 * At the end the mesh must hold no more memory and no more handles than it did before.
 *
 * ```sh
 * deno task soak --seconds 90
 * ```
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { chooseWork, type Way } from "./soak/works.ts";
import { type Holding, Subject } from "./soak/subject.ts";
import { Tally, WrongAnswerError } from "./soak/tally.ts";

const SECONDS = 600;
/** Work that is done at once. */
const CLIENTS = 24;
/** Between two kills of an instance. Milliseconds. */
const KILL_MS = 2_500;
/** What idles is closed and what was freed is given back within this. Milliseconds. */
const REST_MS = 15_000;
/** Memory may have grown by so much after the first quarter. MiB and parts. */
const GROWTH = { mib: 48, part: 0.35 } as const;
/** Open handles may differ by so many: those of the requests by which it is watched. */
const HANDLES = 4;

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

async function work(way: Way, tally: Tally, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const chosen = chooseWork();
    if (chosen === undefined) continue;
    const startedMs = performance.now();
    try {
      const outcome = await chosen.work(way);
      tally.add(chosen.name, outcome, performance.now() - startedMs);
    } catch (error) {
      if (!(error instanceof WrongAnswerError)) throw error;
      tally.addWrong(chosen.name, error.message);
    }
  }
}

/** Traffic and kills for some time. */
async function soak(subject: Subject, tally: Tally, durationMs: number): Promise<number> {
  const endMs = performance.now() + durationMs;
  const isOver = () => performance.now() >= endMs;
  let kills = 0;
  const killer = async () => {
    while (!isOver()) {
      await sleep(Math.min(KILL_MS, Math.max(0, endMs - performance.now())));
      if (isOver()) break;
      await subject.kill(kills % 3 === 2 ? "front" : "work");
      kills += 1;
    }
  };
  // Connections that it would keep are none of what the mesh holds.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: CLIENTS });
  const way = { base: subject.url, client };
  const workers = Array.from({ length: CLIENTS }, () => work(way, tally, isOver));
  await Promise.all([killer(), ...workers]);
  return kills;
}

/** What a mesh holds at rest: nothing idles in it any more. */
async function atRest(subject: Subject): Promise<Holding> {
  await sleep(REST_MS);
  return await subject.holding();
}

function told(name: string, { memoryMib, handles }: Holding): string {
  return `${name.padEnd(24)} ${memoryMib.toFixed(0)} MiB, ${handles} handles`;
}

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    string: ["seconds", "workers"],
    default: { seconds: String(SECONDS), workers: "1" },
  });
  const [seconds, workers] = [Number(flags.seconds), Number(flags.workers)];
  const subject = await Subject.start({ workers });
  const tally = new Tally();
  const complaints: string[] = [];
  let kills = await soak(subject, tally, seconds * 250);
  const before = await atRest(subject);
  console.log(told("after the first quarter", before));
  kills += await soak(subject, tally, seconds * 750);
  console.log(told("under load", await subject.holding()));
  const after = await atRest(subject);
  console.log(told("at rest", after));
  const open = await subject.open();
  const hasEnded = await subject.stop();
  console.log(`\n${tally.table()}\n\n${kills} instances killed`);
  const mostMib = before.memoryMib * (1 + GROWTH.part) + GROWTH.mib;
  if (tally.wrongCount > 0) complaints.push(`${tally.wrongCount} wrong answers`, ...tally.wrong);
  if (after.memoryMib > mostMib) complaints.push(`memory grew to ${after.memoryMib.toFixed()} MiB`);
  if (after.handles > before.handles + HANDLES) {
    complaints.push(`${after.handles} handles are open`);
  }
  for (const [what, count] of Object.entries(open)) {
    if (count > 0) complaints.push(`${count} ${what} are left`);
  }
  const unanswered = tally.count("GET small", "refused") + tally.count("GET small", "broken");
  if (unanswered > 0) complaints.push(`${unanswered} small GETs were not answered`);
  if (!hasEnded) complaints.push("the mesh did not end as it should");
  complaints.push(...subject.warnings.map((warning) => `warning: ${warning}`));
  for (const complaint of complaints) console.error(complaint);
  console.log(complaints.length === 0 ? "nothing to complain of" : "that must not be");
  return complaints.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
