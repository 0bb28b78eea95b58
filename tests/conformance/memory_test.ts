import { assert, assertEquals } from "@std/assert";
import { UNPREPARED } from "../integration/meshes/processes.ts";
import { grownSince, MIB, peaksOf, UNDER_WAY } from "../integration/meshes/memory.ts";
import { askText, freshID, requestBytes } from "./case.ts";
import { RawConnection } from "./raw_http.ts";
import { IS_OLD_DENO, startSubjects, type World } from "./worlds.ts";

const SIZE = 256 * MIB;

/** Turns that an end has to run ahead of one that does not read: more would find no more. */
const TURNS = 200;

/** Receives zeros, reading nothing at first; returns how many were under way then. */
async function download(world: World, size: number): Promise<number> {
  const id = freshID();
  using connection = await RawConnection.open(world.port);
  await connection.send(requestBytes(world, { target: `/do/zeros?size=${size}&id=${id}` }));
  const head = await connection.head();
  assertEquals([head?.status, head?.framing], [200, "length"]);
  for (let turn = 0; turn < TURNS; turn++) await askText(world, `/do/count?id=${id}`);
  const underWay = Number(await askText(world, `/do/count?id=${id}`));
  let received = 0;
  for (let count; received < size && (count = await connection.some(size)) > 0;) received += count;
  assertEquals(received, size);
  return underWay;
}

/** Sends zeros to a service that reads nothing at first; returns how many were under way then. */
async function upload(world: World, size: number): Promise<number> {
  const id = freshID();
  using connection = await RawConnection.open(world.port);
  const headers = [`content-length: ${size}`];
  const target = `/do/slow?id=${id}`;
  await connection.send(requestBytes(world, { method: "POST", target, headers }));
  let sent = 0;
  const sending = (async () => {
    for (const piece = new Uint8Array(MIB); sent < size; sent += MIB) await connection.send(piece);
  })();
  await askText(world, `/do/outcome?id=${id}-begun`);
  for (let turn = 0; turn < TURNS; turn++) await askText(world, `/do/count?id=${id}`);
  const underWay = sent;
  await askText(world, `/do/go?id=${id}`);
  await sending;
  const response = await connection.response();
  assertEquals(new TextDecoder().decode(response?.body), `${size}`);
  return underWay;
}

Deno.test({
  name: "a mesh holds little of 256 MiB, up or down, for an end that does not read",
  ignore: Deno.build.os !== "linux" || IS_OLD_DENO,
  async fn() {
    await using mesh = await startSubjects(UNPREPARED);
    const { port } = new URL(mesh.gatewayUrl);
    const world: World = { name: "gateway", port: Number(port), host: "subject.test" };
    for (const pass of [download, upload]) {
      // What the processes need in any case is there after a first, smaller body.
      await pass(world, 32 * MIB);
      const before = await peaksOf(mesh);
      const underWay = await pass(world, SIZE);
      assert(underWay < UNDER_WAY, `${pass.name}: ${underWay / MIB} MiB under way`);
      assertEquals(await grownSince(before, mesh), [], pass.name);
    }
  },
});
