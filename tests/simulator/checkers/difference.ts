/**
 * Deep comparison that says where two values differ.
 *
 * @module
 */

type Listed = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | readonly unknown[];
type Fields = Readonly<Record<string, unknown>>;

function isListed(value: unknown): value is Listed {
  return Array.isArray(value) || value instanceof Map || value instanceof Set;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

/** The first place at which two values differ, or undefined. */
export function findDifference(left: unknown, right: unknown): string | undefined {
  if (Object.is(left, right)) return undefined;
  if (!isObject(left) || !isObject(right)) return `: ${left} is not ${right}`;
  if (isListed(left) && isListed(right)) return differenceOfLists(left, right);
  if (isListed(left) || isListed(right)) return `: ${left} is not ${right}`;
  return differenceOfFields(left, right);
}

/** The order counts. */
function differenceOfLists(left: Listed, right: Listed): string | undefined {
  const others = entriesOf(right);
  let count = 0;
  for (const [key, item] of entriesOf(left)) {
    const other = others.next().value;
    if (`${other?.[0]}` !== `${key}`) return `: has ${key} where the other has ${other?.[0]}`;
    const difference = findDifference(item, other?.[1]);
    if (difference !== undefined) return `.${key}${difference}`;
    count += 1;
  }
  if (others.next().done) return undefined;
  const size = Array.isArray(right) ? right.length : [...right].length;
  return `: has ${count} entries where the other has ${size}`;
}

function entriesOf(list: Listed): Iterator<[unknown, unknown]> & Iterable<[unknown, unknown]> {
  return list instanceof Set ? [...list].entries() : list.entries();
}

/** The order counts nothing, and what is undefined is absent. */
function differenceOfFields(left: Fields, right: Fields): string | undefined {
  for (const key in left) {
    const difference = findDifference(left[key], right[key]);
    if (difference !== undefined) return `.${key}${difference}`;
  }
  for (const key in right) {
    if (right[key] !== undefined && left[key] === undefined) {
      return `: has no ${key}, which the other has`;
    }
  }
  return undefined;
}
