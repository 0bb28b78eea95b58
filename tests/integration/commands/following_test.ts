import { assert, assertEquals } from "@std/assert";
import type { Program } from "../../hosts/worlds/program.ts";
import { DistributedMesh } from "../meshes/distributed_mesh.ts";

/** Answers, and counts aloud. */
const COUNTS = `
import os, threading, time
from http.server import BaseHTTPRequestHandler, HTTPServer
def count():
    for number in range(10 ** 6):
        print("count %d" % number, flush=True)
        time.sleep(0.02)
threading.Thread(target=count, daemon=True).start()
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), BaseHTTPRequestHandler).serve_forever()
`;

/** The last number that was counted. */
async function counted(program: Program): Promise<number> {
  return Number(await program.line(/"count (\d+)"/, program.place));
}

Deno.test("logs -f and tap go on when the manager is back, no line lost or twice", async () => {
  await using mesh = await DistributedMesh.make();
  const manager = await mesh.startManager();
  const app = { entry: undefined, command: ["python3", "-c", COUNTS], instances: { min: 1 } };
  await mesh.startAgent("a1", { app });
  await manager.event("instanceStarted", { service: "app" });
  const logs = mesh.start("logs", "logs", "app", "-f", "--json", "--data", "manager");
  const tap = mesh.start("tap", "tap", "--json", "--data", "manager");
  await counted(logs);
  await tap.line(/"kind":"message"/);
  await manager.end("SIGKILL");
  const isTold = /^Cannot follow .* for now: the mesh has ended, or is out of reach; /;
  await logs.line(isTold);
  await tap.line(isTold);
  const [toldAt, tappedAt] = [logs.place, tap.place];
  await mesh.startManager();
  await logs.line(/"count (\d+)"/, toldAt);
  await counted(logs);
  await tap.line(/"kind":"message"/, tappedAt);
  for (const program of [logs, tap]) {
    const { code, signal } = await program.end("SIGINT");
    assertEquals([code, signal], [130, "SIGINT"]);
    assertEquals(program.printed.filter((line) => isTold.test(line)).length, 1);
  }
  const numbers = logs.printed.flatMap((line) => /"count (\d+)"/.exec(line)?.[1] ?? []).map(Number);
  const [first = 0] = numbers;
  assert(numbers.length > 2);
  assertEquals(numbers, numbers.map((_, index) => first + index));
});
