import { isBinary } from "./is_binary.ts";

/**
 * A command as whoever reads it can type it: `deno task smmp ps` from a clone, `smmp ps` with the
 * binary.
 *
 * @param text A text with commands in it, as they are typed from a clone.
 *
 * @example
 * ```ts
 * import { typedCommand } from "./typed_command.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(typedCommand("deno task smmp ps"), "deno task smmp ps");
 * ```
 */
export function typedCommand(text: string): string {
  return isBinary() ? text.replaceAll(/\bdeno task (smmp )?/g, "smmp ") : text;
}
