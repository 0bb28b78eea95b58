/** Longest line of output that is passed on whole, in characters; the rest of it is cut. */
export const OUTPUT_LINE_MAX = 8_192;

/**
 * Reads the output of a process line by line until it ends. Bytes that are no UTF-8 become
 * replacement characters; a line without end is cut and costs no more than its bound.
 */
export async function readLines(
  output: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  let isCut = false;
  const put = (line: string) => {
    if (!isCut) take(line.length > OUTPUT_LINE_MAX ? `${line.slice(0, OUTPUT_LINE_MAX)}…` : line);
    isCut = false;
  };
  try {
    for await (const text of output.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) put(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (rest.length <= OUTPUT_LINE_MAX) continue;
      put(rest);
      isCut = true;
      rest = "";
    }
  } catch {
    // The pipe broke with its process; what was read is all there is.
  }
  if (rest !== "") put(rest);
}
