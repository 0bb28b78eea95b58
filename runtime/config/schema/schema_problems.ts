/**
 * Turns what the schema found wrong into sentences, and takes it out of the document, so that the
 * checks which come after the schema can still report what is wrong with the rest.
 *
 * @module
 */

import type { z } from "zod";
import type { ProblemList } from "../config_error.ts";
import { type DocumentPath, formatPath } from "../json_text.ts";
import { knownKeys, type MeshDocument, meshSchema } from "./mesh_schema.ts";
import { suggestionText } from "../suggestion.ts";

/** Each round takes at least one wrong value out, and a value inside another needs its own. */
const ROUNDS_MAX = 8;

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  boolean: "true or false",
  number: "a number",
  array: "a list",
  object: "an object",
  record: "an object",
};

/**
 * Holds a document to the schema.
 *
 * @param document The value that stands in mesh.json; it loses what is wrong with it.
 * @param problems Gets a problem for everything that is wrong.
 * @returns What is left of the document, or `undefined` when nothing can be.
 */
export function applySchema(document: unknown, problems: ProblemList): MeshDocument | undefined {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const result = meshSchema.safeParse(document);
    if (result.success) return result.data;
    const wrong = new Map<string, DocumentPath>();
    for (const issue of chooseBranches(result.error.issues)) {
      report(issue, document, problems);
      for (const path of wrongPaths(issue, document)) wrong.set(formatPath(path), path);
    }
    if (wrong.has("")) return undefined;
    // From the last to the first: the elements of a list keep their index until they are reached.
    for (const path of [...wrong.values()].reverse()) takeOut(document, path);
  }
  return undefined;
}

type Issue = z.core.$ZodIssue;

/** Of a value that may have several shapes, keeps the complaints of the shape that was meant. */
function chooseBranches(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "invalid_union") return [issue];
    const meant = issue.errors.find((branch) => !branch.some(isAboutKind));
    if (meant === undefined) return [issue];
    const inner = meant.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
    return chooseBranches(inner);
  });
}

function isAboutKind(issue: Issue): boolean {
  return issue.path.length === 0 &&
    (issue.code === "invalid_type" || issue.code === "invalid_value");
}

function pathOf(issue: Issue): DocumentPath {
  return issue.path.map((step) => typeof step === "symbol" ? String(step) : step);
}

function report(issue: Issue, document: unknown, problems: ProblemList): void {
  const path = pathOf(issue);
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) {
      const hint = suggestionText(key, knownKeys(path));
      problems.add([...path, key], `unknown key "${key}": ${hint}`);
    }
    return;
  }
  const found = valueAt(document, path);
  const isSentence = issue.code === "custom" || issue.code === "invalid_format";
  problems.add(
    path,
    isSentence ? issue.message : `${expectation(issue)}, found ${describeValue(found)}`,
  );
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${KINDS[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_union": {
      const kinds = issue.errors.flatMap((branch) => branch.slice(0, 1)).map(expectation);
      return `expected ${kinds.map((kind) => kind.replace(/^expected /, "")).join(" or ")}`;
    }
    case "too_small":
      return `expected at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `expected at most ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  if (origin === "number" || origin === "int") return "";
  return origin === "string" ? " characters" : " entries";
}

/**
 * Says what a value is, briefly enough for a line of a report.
 *
 * @param value Any value of a JSON document.
 * @returns Such as `the number 3`, `"hello"` or `a list`.
 */
export function describeValue(value: unknown): string {
  if (typeof value === "string") {
    return value.length > 40 ? `"${value.slice(0, 40)}…"` : `"${value}"`;
  }
  if (typeof value === "number") return `the number ${value}`;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value === undefined) return "nothing";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function isContainer(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}

function valueAt(document: unknown, path: DocumentPath): unknown {
  let value = document;
  for (const step of path) {
    if (!isContainer(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** The places that must go before the rest of the document can be used. */
function wrongPaths(issue: Issue, document: unknown): DocumentPath[] {
  const path = pathOf(issue);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => [...path, key]);
  // A value that is missing leaves its owner without use, and the owner is what goes.
  return [valueAt(document, path) === undefined ? path.slice(0, -1) : path];
}

function takeOut(document: unknown, path: DocumentPath): void {
  const owner = valueAt(document, path.slice(0, -1));
  const last = path.at(-1);
  // It may be gone already, with an owner that had to go as well.
  if (last === undefined || !isContainer(owner)) return;
  if (Array.isArray(owner)) owner.splice(Number(last), 1);
  else delete owner[last];
}
