/** The folder that a compiled program believes its modules are in. */
const COMPILED = /\/deno-compile-[^/]+\//;

/**
 * Whether this program is the compiled binary. Some versions of Deno tell it the main thread only
 * (`Deno.build.standalone`), so a worker looks at where its code is.
 */
export function isBinary(): boolean {
  return Deno.build.standalone || COMPILED.test(import.meta.url);
}
