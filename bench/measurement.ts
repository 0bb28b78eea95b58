/**
 * What every benchmark gives: the runs of ours, the runs of what it is compared with, and the goal.
 *
 * @module
 */

/** The goal of a measurement. */
export interface Goal {
  /** Whether the ratio to the reference is judged, or the median itself. */
  readonly of: "ratio" | "value";
  /** The most that it may be. */
  readonly atMost?: number;
  /** The least that it must be. */
  readonly atLeast?: number;
}

/** One line of the table. */
export interface Measurement {
  /** The benchmark that made it. */
  readonly bench: string;
  /** What was measured. */
  readonly name: string;
  /** The unit of every number in it. */
  readonly unit: string;
  /** One number for each run. */
  readonly runs: readonly number[];
  /** The same for what it is compared with, measured in turn with ours. */
  readonly reference?: { readonly name: string; readonly runs: readonly number[] };
  /** What it should be. */
  readonly goal?: Goal;
}

/** A measurement, summed up. */
export interface Summary {
  /** The median of the runs. */
  readonly median: number;
  /** How far the runs lie apart: the difference of the extremes by the median. */
  readonly spread: number;
  /** The median of the reference. */
  readonly reference: number | undefined;
  /** The medians by each other. */
  readonly ratio: number | undefined;
  /** Whether the goal is met; undefined where there is none. */
  readonly isMet: boolean | undefined;
}

/**
 * The median of some numbers; NaN of none.
 *
 * @example
 * ```ts
 * import { median } from "./measurement.ts";
 * console.log(median([3, 1, 2]), median([1, 2])); // 2 1.5
 * ```
 */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value below which a share of some numbers lies; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** Sums up a measurement. */
export function summarize(measurement: Measurement): Summary {
  const { runs, goal } = measurement;
  const middle = median(runs);
  const reference = measurement.reference === undefined
    ? undefined
    : median(measurement.reference.runs);
  const ratio = reference === undefined ? undefined : middle / reference;
  const spread = (Math.max(...runs) - Math.min(...runs)) / middle;
  const judged = goal?.of === "ratio" ? ratio : middle;
  const isMet = goal === undefined || judged === undefined
    ? undefined
    : judged <= (goal.atMost ?? Infinity) && judged >= (goal.atLeast ?? -Infinity);
  return { median: middle, spread, reference, ratio, isMet };
}
