/**
 * Paths and queries, kept as they were sent.
 *
 * @module
 */

import { type Case, told } from "../case.ts";

const SPELLINGS = [
  "/",
  "/a",
  "/a/",
  "/a/b/c",
  "/a?",
  "/a?b",
  "/a?b=c&b=d",
  "/a??b=?",
  "/a?b=%20+%2B&c=%zz",
  "/a?b='\"<>|{}^`",
  "/a?b=[1]&c[]=2",
  "/a?b=//c/../d",
  "/a?b=\u00e9",
  "/a%20b",
  "/a+b",
  "/a%2Fb",
  "/a%2fb",
  "/a%5Cb",
  "/a%25b",
  "/a%00b",
  "/a%0d%0ax-injected:%201",
  "/a%E2%82%AC",
  "/a%zz",
  "/a%",
  "/a%61b",
  "/a%7Eb",
  "/a;b=1,c/(d)*!$&'=@:",
  "/a|b",
  '/a"b',
  "/a<b>",
  "/a`b",
  "/a{b}",
  "/a^b",
  "/a[b]",
  "/a\\b",
  "/a#b",
  "/\u00e9",
  "//",
  "//a",
  "//a.test/b",
  "/a//b",
  "/a///",
  "/.",
  "/./a",
  "/a/.",
  "/a/./b",
  "/a/../b",
  "/../a",
  "/a/..",
  "/%2e/a",
  "/a/%2E%2e/b",
  "/a/..%2fb",
  "/.a",
  "/..a",
  "/a...",
  "/a/.../b",
  "*",
  "",
  "a",
  "http://other.test/a?b",
  "http://other.test",
  "https://other.test/a",
  "/a b",
] as const;

const odd = SPELLINGS.map((target): Case => ({
  name: `target "${target}"`,
  run: (world) => told(world, { target }),
}));

const LENGTHS = [1_000, 8_000, 30_000, 60_000, 70_000, 200_000, 1_000_000];

const long = LENGTHS.map((length): Case => ({
  name: `target of ${length} bytes`,
  run: (world) => told(world, { target: `/${"a".repeat(length - 1)}` }),
}));

const asterisk: Case = {
  name: "target of OPTIONS for the whole server",
  run: (world) => told(world, { method: "OPTIONS", target: "*" }),
};

/** The cases. */
export const TARGETS: readonly Case[] = [...odd, ...long, asterisk];
