/**
 * Heads near the limits, and over them.
 *
 * @module
 */

import { type Case, told } from "../case.ts";

const REQUEST_BYTES = [8_000, 16_000, 32_000, 60_000, 100_000, 300_000, 600_000, 2_000_000];
const RESPONSE_BYTES = [8_000, 60_000, 100_000];
const COUNTS = [50, 90, 120, 250, 300, 1_000];

function repeated(count: number, line: (at: number) => string): string[] {
  return Array.from({ length: count }, (_, at) => line(at));
}

/** The cases. */
export const LIMITS: readonly Case[] = [
  ...REQUEST_BYTES.map((bytes): Case => ({
    name: `request with a header of ${bytes} bytes`,
    run: (world) => told(world, { headers: [`x-large: ${"x".repeat(bytes)}`] }),
  })),
  ...COUNTS.map((count): Case => ({
    name: `request with ${count} headers`,
    run: (world) => told(world, { headers: repeated(count, (at) => `x-many-${at}: ${at}`) }),
  })),
  {
    name: "request with 80 headers of the same name",
    run: (world) => told(world, { headers: repeated(80, (at) => `x-same: ${at}`) }),
  },
  ...RESPONSE_BYTES.map((bytes): Case => ({
    name: `response with a header of ${bytes} bytes`,
    run: (world) => told(world, { target: `/do/large?size=${bytes}` }),
  })),
  ...COUNTS.map((count): Case => ({
    name: `response with ${count} headers`,
    run: (world) => told(world, { target: `/do/many?size=${count}` }),
  })),
];
