/**
 * Durations in the schema of mesh.json.
 *
 * @module
 */

import { z } from "zod";
import { reasonOf } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { parseDuration } from "./durations.ts";

const DURATION_PATTERN = String.raw`^\s*(\d+(\.\d+)?(d|h|m|s|ms)\s*)+$`;

/**
 * A duration that is written as text and read as milliseconds.
 *
 * @ignore It is for this room only, and its type is zod's.
 */
export function duration(description: string, minMs: number) {
  const text = z.string().meta({ description, pattern: DURATION_PATTERN, examples: ["30s"] });
  return text.transform((text, context) => {
    try {
      return parseDuration(text, { minMs, maxMs: LIMITS.durationMs });
    } catch (error) {
      const message = reasonOf(error);
      context.issues.push({ code: "custom", message, input: text });
      return z.NEVER;
    }
  });
}
