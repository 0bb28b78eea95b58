/**
 * A bundle of `deno bundle` as text that V8 takes in quicker: it reads less, and what it compiles
 * is kept in Deno's code cache. Names stay as they are, for stack traces.
 *
 * It goes by lines, as the bundler prints them: a statement at the top level begins where a line
 * does, and a function there ends with a line that is a brace. What looks otherwise is left alone.
 *
 * @module
 */

/** A function at the top level: `async function* name(`. */
const FUNCTION = /^(?:async )?function\*? ([\w$]+)\(.*\{$/;

/** What stands before the code of each module: its path. */
const MODULE = /^\/\/ (\S+\.[cm]?[jt]sx?)$/;

/** What the bundler makes of a module that is also imported later: a method, called by its name. */
const LATER = /^ {2}("[^"]+")\(\) \{$/;
const LATER_NAME = /^var (init_[\w$]+) = __esm\(\{$/;
const LATER_CALL = /^( {4})?(init_[\w$]+)\(\);$/;

/**
 * The same program in its quicker form.
 *
 * @param text What the bundler made: a module that imports nothing.
 */
export function quickText(text: string): string {
  return withoutComments(eagerText(eagerMethods(text)));
}

/** A class at the top level that extends no other: only such ones are needed to start. */
const CLASS = /^var ([\w$]+) = class \{$/;
const CLASS_END = "};";
/** A method, which may be private; neither a getter, nor static, nor a generator. */
const METHOD = /^ {2}(async )?(#?)([\w$]+)(\(.*\) \{)$/;
const METHOD_END = "  }";

/**
 * The same program with methods that are functions in parentheses: no method can be in parentheses,
 * but a function that is assigned to the prototype can. Private ones get a name that nobody else
 * has, as only what stands in a class has private names.
 */
export function eagerMethods(text: string): string {
  const lines = text.split("\n");
  const rest: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const name = CLASS.exec(line)?.[1];
    const end = name === undefined ? -1 : lines.indexOf(CLASS_END, at);
    rest.push(line);
    if (name === undefined || end < 0) continue;
    rest.push(...eagerMembers(lines.slice(at + 1, end), name), CLASS_END);
    at = end;
  }
  return rest.join("\n");
}

function eagerMembers(members: readonly string[], name: string): string[] {
  const methods: string[] = [];
  const rest: string[] = [];
  const hidden = new Map<string, string>();
  for (let at = 0; at < members.length; at += 1) {
    const line = members[at] ?? "";
    const [, isAsync = "", hash, method = "", head] = METHOD.exec(line) ?? [];
    const end = hash === undefined || method === "constructor"
      ? -1
      : members.indexOf(METHOD_END, at);
    if (end < 0) {
      rest.push(line);
      continue;
    }
    const called = hash === "" ? method : `$${name}_${method}`;
    if (hash !== "") hidden.set(method, called);
    const body = members.slice(at + 1, end);
    methods.push(`    prototype.${called} = (${isAsync}function ${head}`, ...body, "  });");
    at = end;
  }
  const all = [...rest, "  static {", "    const { prototype } = this;", ...methods, METHOD_END];
  return all.map((line) =>
    line.replaceAll(/\.#([\w$]+)/g, (access, method) => {
      const called = hidden.get(method);
      return called === undefined ? access : `.${called}`;
    })
  );
}

/**
 * The same program with its functions in parentheses. V8 puts those into its code cache, as they
 * are probably called at once; all others are parsed and compiled again in each process. They are
 * hoisted to the top, as functions are. Functions of modules that are imported later stay as they
 * are: what is kept in the cache is read at each start.
 */
export function eagerText(text: string): string {
  const lines = text.split("\n");
  const later = modulesOfLater(lines);
  const functions: string[] = [];
  const rest: string[] = [];
  let isLater = false;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const path = MODULE.exec(line)?.[1];
    if (path !== undefined) isLater = later.has(path);
    const name = isLater ? undefined : FUNCTION.exec(line)?.[1];
    const method = isLater ? undefined : LATER.exec(line)?.[1];
    const end = name !== undefined
      ? lines.indexOf("}", at)
      : method !== undefined
      ? lines.indexOf("  }", at)
      : -1;
    const body = lines.slice(at + 1, end + 1).join("\n");
    if (end < 0) rest.push(line);
    else if (name !== undefined) functions.push(`var ${name} = (${line}\n${body});`);
    else rest.push(`  ${method}: (function () {\n${body})`);
    at = Math.max(at, end);
  }
  return [...functions, ...rest].join("\n");
}

/** The modules that nothing runs when the program begins. */
function modulesOfLater(lines: readonly string[]): Set<string> {
  const pathOf = new Map<string, string>();
  const calls = new Map<string, string[]>();
  // What is added while it is walked through is walked through too.
  const begun = new Set<string>();
  let path = "";
  let within: string[] = [];
  for (const line of lines) {
    path = MODULE.exec(line)?.[1] ?? path;
    const name = LATER_NAME.exec(line)?.[1];
    if (name !== undefined) {
      pathOf.set(name, path);
      calls.set(name, within = []);
    }
    const [, indent, called] = LATER_CALL.exec(line) ?? [];
    if (called === undefined) continue;
    if (indent === undefined) begun.add(called);
    else within.push(called);
  }
  for (const name of begun) for (const called of calls.get(name) ?? []) begun.add(called);
  return new Set([...pathOf].filter(([name]) => !begun.has(name)).map(([, path]) => path));
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
