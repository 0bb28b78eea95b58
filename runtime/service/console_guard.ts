/**
 * The console of a service. Its agent keeps what it prints in a file, and Deno's console throws
 * where that can't be written: a disk that is full would fail every request that prints a line.
 *
 * @module
 */

/** What prints, of all that a console does. */
const PRINTING = [
  "assert",
  "count",
  "debug",
  "dir",
  "dirxml",
  "error",
  "group",
  "groupCollapsed",
  "info",
  "log",
  "table",
  "timeEnd",
  "timeLog",
  "trace",
  "warn",
] as const;

/** Lets a console drop what can't be printed, instead of throwing. */
export function guardConsole(console: Console): void {
  for (const name of PRINTING) {
    const print = console[name];
    console[name] = (...values: unknown[]) => {
      try {
        Reflect.apply(print, console, values);
      } catch {
        // There is nowhere to say that nothing can be said.
      }
    };
  }
}
