/**
 * Bodies of both directions, and how their end is told.
 *
 * @module
 */

import { type Case, told } from "../case.ts";
import { patternOf } from "../services/bodies.ts";

const SIZES = [0, 1, 1_000, 65_536, 65_537, 300_000, 10_485_760];

const responses = SIZES.flatMap((size): Case[] => [
  ...(size < 1_000_000 ? ["bytes", "text", "blob"] : ["bytes"]).map((kind): Case => ({
    name: `response of ${size} bytes, as ${kind}`,
    run: (world) => told(world, { target: `/do/static?size=${size}&kind=${kind}` }),
  })),
  {
    name: `response of ${size} bytes, streamed`,
    run: (world) => told(world, { target: `/do/stream?size=${size}&piece=100000` }),
  },
  {
    name: `response of ${size} bytes, streamed with its length`,
    run: (world) => told(world, { target: `/do/sized?size=${size}` }),
  },
]);

const requests = SIZES.flatMap((size): Case[] => [
  {
    name: `request of ${size} bytes`,
    run: (world) => told(world, { method: "POST", body: patternOf(size) }),
  },
  {
    name: `request of ${size} bytes, in chunks`,
    run: (world) =>
      told(world, {
        method: "PUT",
        headers: ["transfer-encoding: chunked"],
        body: inChunks(patternOf(size), 70_000),
      }),
  },
  {
    name: `request of ${size} bytes, sent back`,
    run: (world) => told(world, { method: "POST", target: "/do/echo", body: patternOf(size) }),
  },
]);

const withoutBody: Case[] = [
  { name: "POST without a body", run: (world) => told(world, { method: "POST" }) },
  { name: "GET with a body", run: (world) => told(world, { body: "hello" }) },
  { name: "DELETE with a body", run: (world) => told(world, { method: "DELETE", body: "hello" }) },
  {
    name: "request with trailers",
    run: (world) =>
      told(world, {
        method: "POST",
        headers: ["transfer-encoding: chunked", "trailer: x-trailer"],
        body: "5\r\nhello\r\n0\r\nx-trailer: 1\r\n\r\n",
      }),
  },
  {
    name: "request with extensions of chunks",
    run: (world) =>
      told(world, {
        method: "POST",
        headers: ["transfer-encoding: chunked"],
        body: '5;a=b;c="d"\r\nhello\r\n0\r\n\r\n',
      }),
  },
  ...["static?size=5", "bodiless?size=5", "stream?size=5", "sized?size=5", "status?size=204"].map(
    (what): Case => ({
      name: `HEAD of ${what}`,
      run: (world) => told(world, { method: "HEAD", target: `/do/${what}` }),
    }),
  ),
];

function inChunks(bytes: Uint8Array, size: number): Uint8Array {
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    pieces.push(encoder.encode(`${chunk.length.toString(16)}\r\n`), chunk, encoder.encode("\r\n"));
  }
  pieces.push(encoder.encode("0\r\n\r\n"));
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** The cases. */
export const BODIES: readonly Case[] = [...responses, ...requests, ...withoutBody];
