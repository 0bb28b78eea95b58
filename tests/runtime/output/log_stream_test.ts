import { assertEquals } from "@std/assert";
import { streamLogs } from "../../../runtime/output/log_stream.ts";

Deno.test("streamLogs() gives its place back once, whenever its reader goes", async () => {
  for (const reads of [0, 1]) {
    let count = 0;
    const stream = streamLogs({
      agents: () => [],
      ask: () => Promise.resolve({ status: 200, output: [] }),
    }, {
      question: { lines: 10 },
      follow: true,
      signal: new AbortController().signal,
      closed: () => count += 1,
    });
    const reader = stream.getReader();
    for (let read = 0; read < reads; read += 1) await reader.read();
    await reader.cancel();
    assertEquals(count, 1, `after ${reads} reads`);
  }
});
