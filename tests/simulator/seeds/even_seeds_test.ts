import { assertEquals } from "@std/assert";
import { SEEDS, violationsOfEverySecond } from "./seeds.ts";

Deno.test(`simulate() finds no broken rule in the even ones of ${SEEDS} seeds`, () => {
  assertEquals(violationsOfEverySecond(2), []);
});
