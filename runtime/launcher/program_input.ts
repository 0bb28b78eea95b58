/**
 * A process is told what it runs by its standard input.
 *
 * @module
 */

/** Writes a text to the input of a process, and ends it. */
export async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  try {
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // The process ended before it had read its program; its exit says why.
  }
}
