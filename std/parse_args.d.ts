/**
 * Splits command-line arguments into flags and positional arguments.
 *
 * This is `@std/cli/parse-args`, which is taken from npm; the types are written here because
 * that package carries none.
 *
 * @module
 */

/** Options of {@linkcode parseArgs}. `B`, `S` and `C` are the names of the flags of each kind. */
export interface ParseArgsOptions<
  B extends string = never,
  S extends string = never,
  C extends string = never,
> {
  /** Flags without a value; absent means `false`. */
  boolean?: readonly B[];
  /** Flags whose value stays text; `"_"` keeps the positional arguments text as well. */
  string?: readonly S[];
  /** Flags that may be given several times: their value is an array, empty when absent. */
  collect?: readonly C[];
  /** Flags that `--no-<flag>` sets to `false`. */
  negatable?: readonly string[];
  /** Further names of a flag. */
  alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Values of flags that are absent. */
  default?: Readonly<Record<string, unknown>>;
  /**
   * Whether the arguments after `--` are kept apart, in the field `"--"`.
   *
   * @default {false}
   */
  "--"?: boolean;
  /**
   * Whether everything after the first positional argument is positional too.
   *
   * @default {false}
   */
  stopEarly?: boolean;
  /**
   * Is asked about each argument that no option names, a positional one (without `key`) included;
   * `false` leaves it out of the result.
   */
  unknown?: (argument: string, key?: string, value?: unknown) => unknown;
}

/** The flags by name; of any type when their names are not known to the compiler. */
export type ParsedFlags<B extends string, S extends string, C extends string> = string extends
  B | S | C ? { [flag: string]: unknown }
  :
    & { [K in B]: boolean }
    & { [K in Exclude<S, C | "_">]?: string }
    & { [K in S & C]: string[] }
    & { [K in Exclude<C, S>]: unknown[] };

/** What {@linkcode parseArgs} found: the flags, and in `_` the positional arguments. */
export type ParsedArgs<B extends string, S extends string, C extends string> =
  & ParsedFlags<B, S, C>
  & { _: ("_" extends S ? string : string | number)[]; "--"?: string[] };

/**
 * Splits command-line arguments into flags and positional arguments.
 *
 * A flag that no option names is accepted as well, so a caller that wants to refuse it needs
 * `unknown`. The value of a text flag that was given without one is `""`.
 *
 * @param args The arguments, such as `Deno.args`.
 * @param options What the flags are.
 * @returns The flags by name, and in `_` the positional arguments.
 */
export function parseArgs<
  const B extends string = never,
  const S extends string = never,
  const C extends string = never,
>(args: readonly string[], options?: ParseArgsOptions<B, S, C>): ParsedArgs<B, S, C>;
