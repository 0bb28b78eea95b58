/// <reference lib="deno.unstable" />

/**
 * Checks of the syntax tree of a source file.
 *
 * @module
 */

import type { SourceFile } from "./source_files.ts";

/** The longest file, in lines. */
export const FILE_LINES_MAX = 300;

/** The longest function, in lines, its first and last included. */
export const FUNCTION_LINES_MAX = 70;

/** The longest line, in characters. */
export const LINE_CHARACTERS_MAX = 100;

/** Names of the platform by which a role could see the world behind its host's back. */
const BANNED_NAMES = new Set([
  "Deno",
  "setTimeout",
  "setInterval",
  "queueMicrotask",
  "performance",
  "crypto",
  "console",
  "fetch",
  "globalThis",
  "self",
]);

/** Finds the calls and words that a pure room must do without, each as `path:line: what`. */
export function findBannedCalls(file: SourceFile): string[] {
  return lintWith(file, (report) => ({
    Identifier(node) {
      if (BANNED_NAMES.has(node.name) && !isOnlyAName(node)) report(node, `${node.name} is banned`);
    },
    MemberExpression(node) {
      const text = memberText(node);
      if (text === "Date.now" || text === "Math.random") report(node, `${text} is banned`);
    },
    CallExpression(node) {
      if (nameOf(node.callee) === "Date") report(node, "Date() is banned");
    },
    NewExpression(node) {
      const isNow = nameOf(node.callee) === "Date" && node.arguments.length === 0;
      if (isNow) report(node, "new Date() without a time is banned");
    },
    AwaitExpression: (node) => report(node, "await is banned"),
    ForOfStatement(node) {
      if (node.await) report(node, "for await is banned");
    },
    ImportExpression: (node) => report(node, "import() is banned"),
    "FunctionDeclaration[async=true]": (node: Deno.lint.Node) => report(node, "async is banned"),
    "FunctionExpression[async=true]": (node: Deno.lint.Node) => report(node, "async is banned"),
    "ArrowFunctionExpression[async=true]": (node: Deno.lint.Node) =>
      report(node, "async is banned"),
  }));
}

/** Finds what is too long: the file, its functions, its lines; each as `path:line: what`. */
export function findOversizes(file: SourceFile): string[] {
  const lines = file.text.replace(/\n$/, "").split("\n");
  const found: string[] = [];
  if (lines.length > FILE_LINES_MAX) {
    found.push(`${file.path}:1: the file has ${lines.length} lines, at most ${FILE_LINES_MAX}`);
  }
  for (const [index, line] of lines.entries()) {
    const { length } = [...line];
    if (length > LINE_CHARACTERS_MAX) {
      found.push(`${file.path}:${index + 1}: the line has ${length} characters`);
    }
  }
  return [...found, ...findLongFunctions(file)];
}

function findLongFunctions(file: SourceFile): string[] {
  return lintWith(file, (report, text) => {
    const check = (node: Deno.lint.Node) => {
      const count = text.slice(...node.range).split("\n").length;
      if (count > FUNCTION_LINES_MAX) {
        report(node, `the function has ${count} lines, at most ${FUNCTION_LINES_MAX}`);
      }
    };
    return {
      FunctionDeclaration: check,
      FunctionExpression: check,
      ArrowFunctionExpression: check,
    };
  });
}

type Report = (node: Deno.lint.Node, message: string) => void;

/** Runs one rule of our own over a file, with the parser of `deno lint`. */
function lintWith(
  { path, text }: SourceFile,
  visitor: (report: Report, text: string) => Deno.lint.LintVisitor,
): string[] {
  const plugin: Deno.lint.Plugin = {
    name: "house",
    rules: {
      rule: {
        create: (context) =>
          visitor((node, message) => context.report({ node, message }), context.sourceCode.text),
      },
    },
  };
  return Deno.lint.runPlugin(plugin, path, text).map(({ range, message }) =>
    `${path}:${text.slice(0, range[0]).split("\n").length}: ${message}`
  );
}

function nameOf(node: Deno.lint.Node): string | undefined {
  return node.type === "Identifier" ? node.name : undefined;
}

function memberText(node: Deno.lint.MemberExpression): string {
  return `${nameOf(node.object)}.${nameOf(node.property)}`;
}

/** Whether a word only names a member, a key or a type's field: `session.fetch`, `{ fetch }`. */
function isOnlyAName(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.property === node && !parent.computed;
    case "Property":
      return parent.key === node && parent.value !== node && !parent.computed;
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return parent.key === node && !parent.computed;
    default:
      return false;
  }
}
