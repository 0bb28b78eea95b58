/**
 * A bundle of `deno bundle` as text that V8 takes in quicker: it reads less, and what it compiles
 * is kept in Deno's code cache. Names stay as they are, for stack traces.
 *
 * It goes by lines, as the bundler prints them: a statement at the top level begins at the begin of
 * a line, and a function there ends with a line that is a brace. What looks otherwise is left alone.
 *
 * @module
 */

/** Of all that is at the top level: `async function* name(`. */
const FUNCTION = /^(?:async )?function\*? ([\w$]+)\(.*\{$/;

/** What the bundler makes of a module that is also imported later: `"name.ts"() {`. */
const LATER = /^ {2}("[^"]+")\(\) \{$/;

/**
 * The same program in its quicker form.
 *
 * @param text What the bundler made: a module that imports nothing.
 */
export function quickText(text: string): string {
  return withoutComments(eagerText(text));
}

/**
 * The same program with its functions in parentheses. V8 puts those into its code cache, as they
 * are probably called at once; all others are parsed and compiled again in each process. They are
 * hoisted to the top, as functions are.
 */
export function eagerText(text: string): string {
  const lines = text.split("\n");
  const functions: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const name = FUNCTION.exec(line)?.[1];
    const later = LATER.exec(line)?.[1];
    const end = name !== undefined
      ? lines.indexOf("}", at)
      : later !== undefined
      ? lines.indexOf("  }", at)
      : -1;
    const body = lines.slice(at + 1, end + 1).join("\n");
    if (end < 0) rest.push(line);
    else if (name !== undefined) functions.push(`var ${name} = (${line}\n${body});`);
    else rest.push(`  ${later}: (function () {\n${body})`);
    at = Math.max(at, end);
  }
  return [...functions, ...rest].join("\n");
}

/** The same program without lines that are comments, and without indentation. */
export function withoutComments(text: string): string {
  let isInside = false;
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => {
    if (isInside) {
      isInside = !line.endsWith("*/");
      return false;
    }
    if (!line.startsWith("/**")) return line !== "" && !line.startsWith("//");
    const end = line.indexOf("*/");
    isInside = end < 0;
    // What stands behind a comment is code.
    return end >= 0 && end < line.length - 2;
  });
  return `${lines.join("\n")}\n`;
}
