/**
 * Which SMMP this is.
 *
 * @module
 */

/** The version of SMMP; that in deno.json is the same. */
export const VERSION = "0.1.0";
