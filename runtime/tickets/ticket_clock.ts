/**
 * The clock of tickets: milliseconds that never go back, and never more slowly than the world's. So
 * an instance that counts no faster than the world finds no fresh ticket old, whatever happens to
 * the clocks of their hosts. It follows the clock that only goes forward; as that one may stop
 * while a host sleeps, it follows the clock on the wall where that one has gone much further.
 *
 * @module
 */

/** The clocks that a {@linkcode createTicketClock} follows. Milliseconds. */
export interface Clocks {
  /** The time of day, which may be set. @default {Date.now} */
  readonly wallMs?: () => number;
  /** A time that only goes forward, but may stand still. @default {performance.now} */
  readonly steadyMs?: () => number;
}

/** A difference between the clocks that is no mere inaccuracy. */
const SLEPT_MS = 1_000;

/** A clock that begins at 0. */
export function createTicketClock(clocks: Clocks = {}): () => number {
  const { wallMs = () => Date.now(), steadyMs = () => performance.now() } = clocks;
  let wall = wallMs();
  let steady = steadyMs();
  let elapsedMs = 0;
  return () => {
    const wallNow = wallMs();
    const steadyNow = steadyMs();
    const sleptMs = wallNow - wall - (steadyNow - steady);
    elapsedMs += steadyNow - steady + (sleptMs > SLEPT_MS ? sleptMs : 0);
    wall = wallNow;
    steady = steadyNow;
    return Math.ceil(elapsedMs);
  };
}
