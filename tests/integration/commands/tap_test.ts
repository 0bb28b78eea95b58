import { assert, assertEquals, assertMatch } from "@std/assert";
import { DistributedMesh } from "../meshes/distributed_mesh.ts";
import { PROJECT, startMesh } from "../meshes/mesh_process.ts";
import { lines } from "../meshes/output.ts";

Deno.test("GET /v1/tap shows the messages of a request, without its secrets", async () => {
  await using mesh = await startMesh({ services: { caller: { plugs: ["echo"] }, echo: {} } });
  const response = await mesh.admin("/v1/tap?service=caller");
  assertEquals(response.status, 200);
  const answer = mesh.text("/caller/fetch/echo/who?id=a");
  const wanted = new Set([
    "gateway manager connectionRequest",
    "manager local startServiceRequest",
    "caller manager startServiceResponse",
    "manager gateway connectionResponse",
    "gateway manager connectionConfirmation",
    "caller manager connectionRequest",
    "manager caller connectionResponse",
    "caller manager connectionConfirmation",
  ]);
  let text = "";
  for await (const line of lines(response.body!)) {
    if (line === "") continue;
    text += `${line}\n`;
    const { from, to, message } = JSON.parse(line);
    wanted.delete(`${from} ${to} ${message.type}`.replaceAll(/#\d+/g, ""));
    if (wanted.size === 0) break;
  }
  assertEquals([await answer, ...wanted], ["a"], text);
  assertMatch(text, /"ticketKey":"•••"/);
  assertMatch(text, /"ticket":"•••"/);
  assert(!/"ticket(Key)?":"[^•]/.test(text), text);
});

Deno.test("tap ends when the program that reads it does", async () => {
  await using mesh = await startMesh();
  const smmp = `"${Deno.execPath()}" run -A --no-lock "${PROJECT}mod.ts"`;
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", `${smmp} tap --data "${mesh.data}" | head -n 1`],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assertEquals(code, 0);
  assertMatch(new TextDecoder().decode(stdout), /^[\d:.]{12} {2}\S+ → \S+ .*\n$/);
});

Deno.test("tap shows the messages of a manager of its own, and whose they are", async () => {
  await using mesh = await DistributedMesh.make();
  await mesh.startManager();
  const { listen } = await mesh.startAgent("a1", { echo: {} });
  const tap = mesh.start("tap", "tap", "--json", "--manager", mesh.manager, "--data", "manager");
  // The manager asks its agents how they are all the time: then somebody listens.
  await tap.event("message", { agent: "a1" });
  await mesh.startGateway(listen);
  assertEquals(await mesh.text("/echo/who?id=a"), "a");
  await tap.event("message", { from: "gateway#1", to: "manager", agent: "a1" });
  await tap.event("message", { from: "manager", to: /^gateway#1$/ });
  await tap.event("message", { from: /^echo#\d+$/ });
});
