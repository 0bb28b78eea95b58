/**
 * Ranges of addresses, as in `10.0.0.0/8` and `fd00::/8`.
 *
 * @module
 */

/** A range: the addresses whose first bits are those of its network. */
export interface AddressRange {
  /** The network as a number of 128 bits; IPv4 is where IPv6 has it (`::ffff:0:0/96`). */
  readonly network: bigint;
  /** How many of the first bits count, of 128. */
  readonly bits: number;
}

const WIDTH = 128;
const MAPPED = 0xffffn << 32n;

/**
 * Reads a range, or one address as a range of its own.
 *
 * @example
 * ```ts
 * import { addressRange, isInRange } from "./address_ranges.ts";
 * import { assert } from "@std/assert";
 *
 * const range = addressRange("10.0.0.0/8");
 * assert(range !== undefined && isInRange("10.1.2.3", [range]));
 * ```
 *
 * @returns The range, or undefined when the text is none.
 */
export function addressRange(text: string): AddressRange | undefined {
  const [, address = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const network = addressNumber(address);
  if (network === undefined) return undefined;
  const width = address.includes(":") ? WIDTH : 32;
  const given = length === undefined ? width : Number(length);
  return given > width ? undefined : { network, bits: WIDTH - width + given };
}

/**
 * Reads ranges.
 *
 * @throws {SyntaxError} If one of the texts is none.
 */
export function addressRanges(texts: readonly string[]): AddressRange[] {
  return texts.map((text) => {
    const range = addressRange(text);
    if (range !== undefined) return range;
    throw new SyntaxError(
      `Cannot read the range "${text}": expected an address or a range such as 10.0.0.0/8`,
    );
  });
}

/** Whether an address is in one of the ranges; what is no address is in none. */
export function isInRange(address: string, ranges: readonly AddressRange[]): boolean {
  if (ranges.length === 0) return false;
  const number = addressNumber(address);
  if (number === undefined) return false;
  return ranges.some(({ network, bits }) => {
    const rest = BigInt(WIDTH - bits);
    return number >> rest === network >> rest;
  });
}

function addressNumber(text: string): bigint | undefined {
  if (!text.includes(":")) {
    const number = ipv4Number(text);
    return number === undefined ? undefined : MAPPED | number;
  }
  return ipv6Number(text.replace(/%.*$/, ""));
}

function ipv4Number(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((sum, part) => sum << 8n | BigInt(part), 0n);
}

function ipv6Number(text: string): bigint | undefined {
  // The last two groups may be written as IPv4.
  const [, before = text, tail] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  const low = tail === undefined ? undefined : ipv4Number(tail);
  if (tail !== undefined && low === undefined) return undefined;
  const written = low === undefined
    ? text
    : `${before}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const halves = written.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], rest] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - (rest?.length ?? 0);
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...(rest ?? [])];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => sum << 16n | BigInt(`0x${group}`), 0n);
}
