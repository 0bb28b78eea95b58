/**
 * Deep comparison that says where two values differ.
 *
 * @module
 */

type Entries = [key: string, value: unknown][];

/** What a value holds, in its order; undefined for what holds nothing. */
function entriesOf(value: unknown): Entries | undefined {
  if (value instanceof Map) return [...value].map(([key, item]) => [`${key}`, item]);
  if (value instanceof Set) return [...value].map((item, index) => [`${index}`, item]);
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).filter(([, item]) => item !== undefined);
}

/** The first place at which two values differ, or undefined. */
export function findDifference(left: unknown, right: unknown, path = ""): string | undefined {
  const leftEntries = entriesOf(left);
  const rightEntries = entriesOf(right);
  if (leftEntries === undefined || rightEntries === undefined) {
    return Object.is(left, right) ? undefined : `${path}: ${left} is not ${right}`;
  }
  const isOrdered = !(left instanceof Map || left instanceof Set || Array.isArray(left));
  const sorted = (entries: Entries) =>
    isOrdered ? entries.sort(([one], [other]) => one < other ? -1 : 1) : entries;
  const others = sorted(rightEntries);
  for (const [index, [key, item]] of sorted(leftEntries).entries()) {
    const other = others[index];
    if (other?.[0] !== key) return `${path}: has ${key} where the other has ${other?.[0]}`;
    const difference = findDifference(item, other[1], `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  if (others.length === leftEntries.length) return undefined;
  return `${path}: has ${leftEntries.length} entries where the other has ${others.length}`;
}
