/**
 * What a worker prints: lines with its tag, on the stderr of its process.
 *
 * @module
 */

import { isRecord } from "../../protocol/fields.ts";
import type { OutputStream } from "../launcher/output_files.ts";
import { taggedLines } from "./tagged_line.ts";

/** A level of Deno's console above this one goes to stderr. */
const STDOUT_LEVEL_MAX = 1;

type Print = (text: string, level: number) => void;

/** Deno's own console, which prints by a function that it is given. */
function consoleOf(print: Print): object | undefined {
  const internal: unknown = Reflect.get(Deno, Reflect.get(Deno, "internal") ?? "");
  const { Console } = isRecord(internal) ? internal : {};
  if (typeof Console !== "function") return undefined;
  const made: unknown = Reflect.construct(Console, [print]);
  return isRecord(made) ? made : undefined;
}

/** The methods of a console for a Deno that does not show how it makes its own. */
function plainConsole(print: Print): object {
  const text = (values: readonly unknown[]) =>
    values.map((value) => typeof value === "string" ? value : Deno.inspect(value)).join(" ");
  const by = (level: number) => (...values: unknown[]) => print(`${text(values)}\n`, level);
  return { debug: by(0), log: by(1), info: by(1), warn: by(2), error: by(3), trace: by(3) };
}

/** Lets all that prints print lines with this tag. */
export function printTagged(tag: string): void {
  const { stdout, stderr } = Deno;
  const writeSync = stderr.writeSync.bind(stderr);
  const encoder = new TextEncoder();
  const put = (stream: OutputStream, text: string) => {
    for (const line of taggedLines(tag, stream, text)) writeSync(encoder.encode(line));
  };
  const print: Print = (text, level) => put(level > STDOUT_LEVEL_MAX ? "stderr" : "stdout", text);
  Object.assign(console, consoleOf(print) ?? plainConsole(print));
  replaceWriter(stdout, (text) => put("stdout", text));
  replaceWriter(stderr, (text) => put("stderr", text));
}

function replaceWriter(
  writer: typeof Deno.stdout | typeof Deno.stderr,
  put: (text: string) => void,
): void {
  const decoder = new TextDecoder();
  const writeSync = (bytes: Uint8Array) => {
    put(decoder.decode(bytes, { stream: true }));
    return bytes.length;
  };
  writer.writeSync = writeSync;
  writer.write = (bytes) => Promise.resolve(writeSync(bytes));
  writer.isTerminal = () => false;
  // A stream is made for who asks for it: its class takes a millisecond to load.
  Object.defineProperty(writer, "writable", {
    get: () => new WritableStream<Uint8Array>({ write: (bytes) => void writeSync(bytes) }),
  });
}
