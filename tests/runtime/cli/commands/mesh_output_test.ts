import { assertEquals, assertMatch } from "@std/assert";
import type { Fact } from "../../../../roles/manager/memory/facts.ts";
import type { MeshConfig } from "../../../../runtime/config/mesh_config.ts";
import { createMeshOutput } from "../../../../runtime/cli/commands/mesh_output.ts";
import { captureIO } from "../captured_io.ts";

const CONFIG: MeshConfig = { name: "empty", folder: "/", services: new Map(), routes: [] };
const READY = { gatewayUrl: "http://a:1", adminUrl: "http://b:2", data: ".smmp", token: "secret" };
const FACT: Fact = {
  kind: "instanceEnded",
  serviceID: 2,
  service: "greeter",
  status: 500,
  reason: "exited with code 1\nError: no database",
  seq: 1,
  atMs: 0,
};

Deno.test("createMeshOutput() tells what happened early after it said where the mesh is", () => {
  const io = captureIO();
  const output = createMeshOutput(io, { json: false });
  output.facts([FACT]);
  assertEquals(io.out, "");
  output.ready(CONFIG, READY);
  assertMatch(io.out, /is ready[^]*greeter#2 ended: exited with code 1\n$/);
});

Deno.test("createMeshOutput() prints JSON lines: facts as they are, the rest with a kind", () => {
  const io = captureIO();
  const output = createMeshOutput(io, { json: true });
  output.facts([FACT]);
  output.lines([{ service: "greeter", serviceID: 2, stream: "stdout", text: "hi", atMs: 7 }]);
  const [fact, line] = io.out.trimEnd().split("\n").map((text) => JSON.parse(text));
  assertEquals(fact, FACT);
  assertEquals([line.kind, line.atMs, line.text], ["output", 7, "hi"]);
});

Deno.test("createMeshOutput() stops printing where nothing can be printed, and goes on", () => {
  let tries = 0;
  const stdout = () => {
    tries += 1;
    throw new Error("No space left on device (os error 28)");
  };
  const output = createMeshOutput({ ...captureIO(), stdout }, { json: true });
  output.facts([FACT, FACT]);
  output.warn("nobody reads this");
  assertEquals(tries, 1);
});
