import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { RawConnection, type RawHead } from "../../conformance/raw_http.ts";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";
import { UNPREPARED } from "../meshes/processes.ts";
import { grownSince, MIB, peaksOf, UNDER_WAY } from "../meshes/memory.ts";

const PROGRAM = new URL("./services/bodies.py", import.meta.url).pathname;
const PIECE = 32_768;
const FRONT = new TextEncoder().encode("8000\r\n");
const SIZE = 128 * MIB;

/** Turns that one end has to run ahead of another one that does not read: more find no more. */
const TURNS = 200;

/** A large body on its way, and what its end does first. */
interface Way {
  readonly size: number;
  readonly isChunked: boolean;
}

/** A piece as the program makes it: its number, again and again. */
function pieceOf(at: number): Uint8Array<ArrayBuffer> {
  const piece = new BigUint64Array(PIECE / 8);
  const bytes = new Uint8Array(piece.buffer);
  new DataView(piece.buffer).setBigUint64(0, BigInt(at));
  piece.fill(piece[0] ?? 0n);
  return bytes;
}

function chunkOf(piece: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(FRONT.length + piece.length + 2);
  chunk.set(FRONT);
  chunk.set(piece, FRONT.length);
  chunk.set([13, 10], FRONT.length + piece.length);
  return chunk;
}

function digestOf(size: number): string {
  const digest = createHash("sha256");
  for (let at = 0; at < size / PIECE; at += 1) digest.update(pieceOf(at));
  return digest.digest("hex");
}

async function open(mesh: MeshProcess, lines: readonly string[]): Promise<RawConnection> {
  const connection = await RawConnection.open(Number(new URL(mesh.gatewayUrl).port));
  await connection.send(`${lines.join("\r\n")}\r\nhost: localhost\r\n\r\n`);
  return connection;
}

async function pause(mesh: MeshProcess): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await mesh.text("/app/count");
}

/** Receives a body, reading nothing at first; returns how many bytes were under way then. */
async function download(mesh: MeshProcess, { size, isChunked }: Way): Promise<number> {
  const path = `/app/down?size=${size}${isChunked ? "&chunked=1" : ""}`;
  using connection = await open(mesh, [`GET ${path} HTTP/1.1`]);
  const head = await connection.head();
  assert(head !== undefined);
  assertEquals([head.status, head.framing], [200, isChunked ? "chunked" : "length"]);
  await pause(mesh);
  const underWay = Number(await mesh.text("/app/sent"));
  assertEquals(await received(connection, head), digestOf(size));
  return underWay;
}

async function received(connection: RawConnection, head: RawHead): Promise<string> {
  const digest = createHash("sha256");
  for (;;) {
    const piece = await connection.piece(head);
    if (piece === "whole") return digest.digest("hex");
    assert(piece !== "broken");
    digest.update(piece);
  }
}

/** Sends a body to a program that reads nothing at first; returns how much was under way then. */
async function upload(mesh: MeshProcess, { size, isChunked }: Way): Promise<number> {
  const framing = isChunked ? "transfer-encoding: chunked" : `content-length: ${size}`;
  using connection = await open(mesh, ["PUT /app/up HTTP/1.1", framing]);
  let sent = 0;
  const sending = (async () => {
    for (; sent < size; sent += PIECE) {
      const piece = pieceOf(sent / PIECE);
      // In one write: the end of a chunk by itself would wait for an acknowledgement.
      await connection.send(isChunked ? chunkOf(piece) : piece);
    }
    if (isChunked) await connection.send("0\r\n\r\n");
  })();
  await pause(mesh);
  const underWay = sent;
  await mesh.text("/app/go");
  await sending;
  const response = await connection.response("PUT");
  assertEquals(new TextDecoder().decode(response?.body), digestOf(size));
  return underWay;
}

Deno.test("a mesh holds little of 128 MiB to or from a program, and changes nothing", async () => {
  await using mesh = await startMesh({
    services: { app: { entry: undefined, command: ["python3", PROGRAM] } },
    env: UNPREPARED,
  });
  for (const pass of [download, upload]) {
    // What the processes need in any case is there after smaller bodies.
    for (const isChunked of [true, false]) await pass(mesh, { size: 16 * MIB, isChunked });
    for (const isChunked of [false, true]) {
      const before = await peaksOf(mesh);
      const underWay = await pass(mesh, { size: SIZE, isChunked });
      const what = `${pass.name}${isChunked ? ", in chunks" : ""}`;
      assert(underWay < UNDER_WAY, `${what}: ${underWay / MIB} MiB under way`);
      assertEquals(await grownSince(before, mesh), [], what);
    }
  }
});
