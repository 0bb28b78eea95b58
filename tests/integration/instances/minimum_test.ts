import { assertEquals, assertNotEquals } from "@std/assert";
import type { Program } from "../../hosts/worlds/program.ts";
import { DistributedMesh } from "../meshes/distributed_mesh.ts";
import { startMesh } from "../meshes/mesh_process.ts";

/** Two that run unasked, and no third one; what is too much soon is idle. */
const PAIR = {
  echo: { instances: { min: 2, max: 2 }, idle: { connection: "2s", service: "1s" } },
};

/** The agents of the next two instances that start, which have started then. */
async function nextPair(manager: Program, after: number): Promise<unknown[]> {
  const agents: unknown[] = [];
  let place = after;
  for (const _ of [1, 2]) {
    const { serviceID, agent } = await manager.find((line) => {
      place += 1;
      return line.includes('"kind":"instanceStarting"') ? JSON.parse(line) : undefined;
    }, { what: "instanceStarting", after: place });
    await manager.event("instanceStarted", { serviceID }, after);
    agents.push(agent);
  }
  return agents;
}

Deno.test("min: what ran at an agent that is killed runs at another one", async () => {
  await using mesh = await DistributedMesh.make();
  const manager = await mesh.startManager();
  const { program: first, listen } = await mesh.startAgent("a1", PAIR);
  assertEquals(await nextPair(manager, 0), ["a1", "a1"]);
  const other = await mesh.startAgent("a2", PAIR);
  await mesh.startGateway(other.listen);
  const place = manager.place;
  await first.end("SIGKILL");
  assertEquals(await nextPair(manager, place), ["a2", "a2"]);
  assertEquals(await mesh.text("/echo/who?id=Ada"), "Ada");
  // With the first pair there are four now, of which two are too many.
  const before = manager.place;
  await mesh.startAgent("a1", PAIR, listen);
  const { serviceID } = await manager.event("instanceEnded", { service: "echo" }, before);
  await manager.find((line) => {
    const isEnd = line.includes('"kind":"instanceEnded"') && line.includes('"service":"echo"');
    return isEnd && JSON.parse(line).serviceID !== serviceID ? line : undefined;
  }, { what: "the second end", after: before });
  assertEquals(await mesh.text("/echo/who?id=Bob"), "Bob");
});

Deno.test("min: an instance that is stopped by command is replaced", async () => {
  await using mesh = await startMesh({ services: { echo: { instances: { min: 1 } } } });
  const { serviceID } = await mesh.event("instanceStarted", { service: "echo" });
  const stop = await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "soft" });
  assertEquals(stop.status, 200);
  await mesh.times(2, "instanceStarted", { service: "echo" });
  const [, next] = mesh.all("instanceStarted", { service: "echo" });
  assertNotEquals(next?.serviceID, serviceID);
});
