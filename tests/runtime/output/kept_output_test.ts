import { assertEquals } from "@std/assert";
import type { OutputStream } from "../../../protocol/output.ts";
import { KeptOutput } from "../../../runtime/output/kept_output.ts";

const NOW_MS = 1_764_000_000_000;

function line(serviceID: number, text: string, stream: OutputStream = "stdout") {
  return { service: "greeter", serviceID, stream, text, atMs: NOW_MS };
}

Deno.test("KeptOutput tells each line once, and how many were gone before they were told", () => {
  const kept = new KeptOutput({ nowMs: NOW_MS, lines: 3 });
  kept.began({ service: "greeter", serviceID: 2 });
  kept.add(line(2, "a"));
  const [first] = kept.read({ lines: 10, service: "greeter" });
  assertEquals(first?.lines.map(({ text }) => text), ["a"]);
  const after = [{ serviceID: 2, next: first?.next ?? 0 }];
  assertEquals(kept.hasNews({ lines: 10, after }), false);
  for (const text of ["b", "c", "d", "e", "f"]) kept.add(line(2, text));
  const [second] = kept.read({ lines: 10, after });
  assertEquals(second?.lines.map(({ text }) => text), ["d", "e", "f"]);
  assertEquals(second?.lost, 2);
});

Deno.test("KeptOutput keeps the last instances of a service that have ended, and no others", () => {
  const kept = new KeptOutput({ nowMs: NOW_MS, ended: 2 });
  for (const serviceID of [2, 3, 4]) {
    kept.began({ service: "greeter", serviceID });
    kept.add(line(serviceID, `from ${serviceID}`, "stderr"));
    kept.ended(serviceID);
  }
  const read = kept.read({ lines: 10, service: "greeter", stream: "stderr" });
  assertEquals(read.map(({ serviceID }) => serviceID), [3, 4]);
  assertEquals(kept.read({ lines: 10, stream: "stdout" }).flatMap(({ lines }) => lines), []);
});
