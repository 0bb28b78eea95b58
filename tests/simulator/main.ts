/**
 * The simulator as a command: `--seed N [--verbose]` repeats one run, `--seeds A..B` makes many.
 * It needs no permission.
 *
 * @module
 */

import { simulate, type SimulationReport } from "./simulation.ts";

const USAGE = "usage: deno task sim --seed N [--verbose] | --seeds A..B";

/** One line per transition: when, who, the event, and what follows of it. */
function printTransition(
  nowMs: number,
  name: string,
  event: object,
  effects: readonly object[],
): void {
  const seconds = (nowMs / 1_000).toFixed(3).padStart(8);
  const shown = (value: object) => {
    const text = JSON.stringify(value);
    return text.length > 220 ? `${text.slice(0, 220)}…` : text;
  };
  console.log(`${seconds} ${name.padEnd(12)} ${shown(event)}`);
  for (const effect of effects) console.log(`${" ".repeat(24)} ${shown(effect)}`);
}

function printViolations({ seed, violations }: SimulationReport): void {
  for (const violation of violations) console.log(`SEED ${seed}: ${violation}`);
  if (violations.length > 0) console.log(`repeat it: deno task sim --seed ${seed} --verbose`);
}

function runOne(seed: number, isVerbose: boolean): boolean {
  const report = simulate(seed, isVerbose ? { trace: printTransition } : {});
  console.log(`SEED ${seed}`);
  console.log(JSON.stringify(report.options));
  console.log(JSON.stringify(report.counts));
  printViolations(report);
  return report.violations.length === 0;
}

function runMany(first: number, last: number): boolean {
  const startedMs = performance.now();
  let failures = 0;
  for (let seed = first; seed <= last; seed += 1) {
    const report = simulate(seed);
    printViolations(report);
    if (report.violations.length > 0) failures += 1;
  }
  const count = last - first + 1;
  const perSecond = count / ((performance.now() - startedMs) / 1_000);
  console.log(`${count} seeds, ${failures} with violations, ${perSecond.toFixed(1)} seeds/s`);
  return failures === 0;
}

function main(args: readonly string[]): boolean {
  const isVerbose = args.includes("--verbose");
  const [option, value = ""] = args.filter((arg) => arg !== "--verbose");
  const one = /^\d+$/.exec(value);
  const many = /^(\d+)\.\.(\d+)$/.exec(value);
  if (option === "--seed" && one !== null) return runOne(Number(value), isVerbose);
  if (option === "--seeds" && many !== null) return runMany(Number(many[1]), Number(many[2]));
  console.error(USAGE);
  return false;
}

if (import.meta.main && !main(Deno.args)) Deno.exitCode = 1;
