/**
 * How often the end of a turn is put off by a microtask. A host sends from chains of promises, a
 * few links deep, that all belong to one turn of the event loop; a timer would wait for them all
 * but costs a millisecond.
 */
const HOPS = 3;

/**
 * Runs a task when the microtasks that are ready now have run, so that what they send can leave
 * together.
 *
 * @example Collect what one turn sends
 * ```ts
 * import { atEndOfTurn } from "./turn.ts";
 *
 * const batch: number[] = [];
 * atEndOfTurn(() => console.log(batch)); // [ 1, 2 ]
 * batch.push(1);
 * queueMicrotask(() => batch.push(2));
 * ```
 */
export function atEndOfTurn(task: () => void): void {
  let hops = HOPS;
  const hop = () => {
    hops -= 1;
    if (hops === 0) task();
    else queueMicrotask(hop);
  };
  queueMicrotask(hop);
}
