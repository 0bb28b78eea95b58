import { assert, assertEquals } from "@std/assert";
import { dialSession } from "../../../runtime/sessions/dial.ts";
import { SessionRefusedError } from "../../../runtime/sessions/session.ts";
import { startMesh } from "../meshes/mesh_process.ts";

Deno.test("a program that knows a plug, but was not sent there, gets nothing", async () => {
  await using mesh = await startMesh();
  assertEquals((await mesh.fetch("/echo/pid")).status, 200);
  const opened = await mesh.event("connectionOpened", { destService: "echo" });
  const { destPlug: port, destServiceID, serviceID, sourcePlug } = opened;
  assert(typeof port === "number" && typeof destServiceID === "number");
  assert(typeof serviceID === "number" && typeof sourcePlug === "number");
  const reasons: string[] = [];
  for (const ticket of [undefined, `AAAAAAAA.1.${"A".repeat(43)}`]) {
    // It even knows a number that the manager would give next.
    const hello = { serviceID, sourcePlug: sourcePlug + 1, destServiceID };
    const refused: unknown = await dialSession({ hostname: "127.0.0.1", port, hello, ticket })
      .catch((error) => error);
    assert(refused instanceof SessionRefusedError);
    reasons.push(refused.reason);
  }
  assertEquals(reasons, [
    "it shows no ticket of the manager",
    "its ticket is not one of the manager for this connection",
  ]);
  await mesh.output("smmp: refused a connection: it shows no ticket of the manager");
  assertEquals((await mesh.fetch("/echo/pid")).status, 200, "whom it knows it serves");
});
