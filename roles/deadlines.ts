/**
 * Deadlines as numbers in a heap. A role never owns a timer: it says when its next deadline is, the
 * host sends a tick, and a tick costs what is due, not what exists.
 *
 * @module
 */

/** One deadline in the heap. */
export interface Deadline<Key> {
  /** What is due. */
  readonly key: Key;
  /** When, in milliseconds of the host's clock. */
  dueAtMs: number;
  /** Where in the heap it stands. */
  index: number;
}

/** Keys with a due time each, the soonest on top. A key has at most one deadline. */
export interface Deadlines<Key> {
  /** A binary heap by due time. */
  readonly heap: Deadline<Key>[];
  /** Where each key stands, so that a deadline can be moved or cleared. */
  readonly entries: Map<Key, Deadline<Key>>;
}

/** No deadlines yet. */
export function emptyDeadlines<Key>(): Deadlines<Key> {
  return { heap: [], entries: new Map() };
}

function place<Key>(heap: Deadline<Key>[], entry: Deadline<Key>, index: number): void {
  heap[index] = entry;
  entry.index = index;
}

function siftUp<Key>(heap: Deadline<Key>[], entry: Deadline<Key>): void {
  let index = entry.index;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || parent.dueAtMs <= entry.dueAtMs) break;
    place(heap, parent, index);
    index = parentIndex;
  }
  place(heap, entry, index);
}

function siftDown<Key>(heap: Deadline<Key>[], entry: Deadline<Key>): void {
  let index = entry.index;
  for (;;) {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    const child = right !== undefined && left !== undefined && right.dueAtMs < left.dueAtMs
      ? right
      : left;
    if (child === undefined || child.dueAtMs >= entry.dueAtMs) break;
    const childIndex = child.index;
    place(heap, child, index);
    index = childIndex;
  }
  place(heap, entry, index);
}

/** Gives a key its deadline, or moves the one that it has. */
export function setDeadline<Key>(deadlines: Deadlines<Key>, key: Key, dueAtMs: number): void {
  const { heap, entries } = deadlines;
  const known = entries.get(key);
  if (known === undefined) {
    const entry = { key, dueAtMs, index: heap.length };
    heap.push(entry);
    entries.set(key, entry);
    siftUp(heap, entry);
    return;
  }
  const before = known.dueAtMs;
  known.dueAtMs = dueAtMs;
  if (dueAtMs < before) siftUp(heap, known);
  else siftDown(heap, known);
}

/** Takes a key's deadline away, if it has one. */
export function clearDeadline<Key>(deadlines: Deadlines<Key>, key: Key): void {
  const { heap, entries } = deadlines;
  const entry = entries.get(key);
  if (entry === undefined) return;
  entries.delete(key);
  const last = heap.pop();
  if (last === undefined || last === entry) return;
  place(heap, last, entry.index);
  siftUp(heap, last);
  siftDown(heap, last);
}

/** Whether a key has a deadline. */
export function hasDeadline<Key>(deadlines: Deadlines<Key>, key: Key): boolean {
  return deadlines.entries.has(key);
}

/** When the next deadline is, in milliseconds of the host's clock; undefined when there is none. */
export function nextDeadlineMs<Key>(deadlines: Deadlines<Key>): number | undefined {
  return deadlines.heap[0]?.dueAtMs;
}

/**
 * Takes the soonest key whose deadline has come, or undefined.
 *
 * @example
 * ```ts
 * import { emptyDeadlines, setDeadline, takeDue } from "./deadlines.ts";
 * const deadlines = emptyDeadlines<string>();
 * setDeadline(deadlines, "late", 2_000);
 * setDeadline(deadlines, "soon", 1_000);
 * console.log(takeDue(deadlines, 1_500), takeDue(deadlines, 1_500)); // soon undefined
 * ```
 */
export function takeDue<Key>(deadlines: Deadlines<Key>, nowMs: number): Key | undefined {
  const first = deadlines.heap[0];
  if (first === undefined || first.dueAtMs > nowMs) return undefined;
  clearDeadline(deadlines, first.key);
  return first.key;
}

/**
 * Takes every key that is due; a key is `kind:identity`, and each part is handed on by itself. A
 * number is an identity whose kind is empty.
 */
export function takeEachDue<Key extends string | number>(
  deadlines: Deadlines<Key>,
  nowMs: number,
  handle: (kind: string, identity: string) => void,
): void {
  for (let key = takeDue(deadlines, nowMs); key; key = takeDue(deadlines, nowMs)) {
    const text = `${key}`;
    const colon = text.indexOf(":");
    handle(text.slice(0, Math.max(0, colon)), text.slice(colon + 1));
  }
}
