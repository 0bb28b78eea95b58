/**
 * What the manager remembers of scale beside its registry.
 *
 * @module
 */

/** Which services shall have instances though nobody asks for them. */
export interface ScaleState {
  /** Services that have a `min` above 0 at some agent. */
  minimums: ReadonlySet<string>;
  /** Instances that were started for that, and have not confirmed it when last looked at. */
  readonly starting: Set<number>;
  /** Services that wait with such starts until others are done. */
  readonly held: Set<string>;
}

/** Nothing is known of any service yet. */
export function createScale(): ScaleState {
  return { minimums: new Set(), starting: new Set(), held: new Set() };
}
