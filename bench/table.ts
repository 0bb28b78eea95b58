/**
 * Measurements for people and for programs.
 *
 * @module
 */

import { type Measurement, summarize } from "./measurement.ts";

const HEADS = ["bench", "what", "median", "spread", "runs", "against", "ratio", "goal", ""];

/** Writes measurements as a table. */
export function tableOf(measurements: readonly Measurement[]): string {
  const rows = [HEADS, ...measurements.map(rowOf)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  );
  return `${lines.join("\n")}\n`;
}

function rowOf(measurement: Measurement): string[] {
  const { bench, name, unit, runs, reference, goal } = measurement;
  const summary = summarize(measurement);
  const against = reference === undefined
    ? ""
    : `${reference.name}: ${numberOf(summary.reference ?? NaN)} ${unit}`;
  const bound = goal?.atMost === undefined
    ? `>= ${numberOf(goal?.atLeast ?? NaN)}`
    : `<= ${numberOf(goal.atMost)}`;
  return [
    bench,
    name,
    `${numberOf(summary.median)} ${unit}`,
    `${Math.round(100 * summary.spread)} %`,
    String(runs.length),
    against,
    summary.ratio === undefined ? "" : `${summary.ratio.toFixed(2)}x`,
    goal === undefined ? "" : `${bound}${goal.of === "ratio" ? "x" : ""}`,
    summary.isMet === undefined ? "" : summary.isMet ? "met" : "MISSED",
  ];
}

function numberOf(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 3;
  return String(Number(value.toFixed(digits)));
}

/** Writes measurements as a JSON document, each with its summary. */
export function jsonOf(measurements: readonly Measurement[]): string {
  const all = measurements.map((one) => ({ ...one, summary: summarize(one) }));
  return `${JSON.stringify(all, undefined, 2)}\n`;
}
