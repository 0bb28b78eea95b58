/// <reference lib="deno.unstable" />
import { assert, assertEquals } from "@std/assert";
import { type MeshProcess, startMesh } from "../meshes/mesh_process.ts";
import { UNPREPARED } from "../meshes/processes.ts";
import { grownSince, MIB, peaksOf, UNDER_WAY } from "../meshes/memory.ts";

const PROGRAM = new URL("./services/sockets.py", import.meta.url).pathname;
const PIECE = 65_536;
const NOTHING = new Uint8Array(PIECE);
const PIECES = 128 * MIB / PIECE;

/** Turns that one end has to run ahead of another one that does not read: more find no more. */
const TURNS = 200;

function startPrograms(): Promise<MeshProcess> {
  return startMesh({
    services: { app: { entry: undefined, command: ["python3", PROGRAM] } },
    env: UNPREPARED,
  });
}

function urlOf(mesh: MeshProcess, path: string): string {
  return `${mesh.gatewayUrl.replace("http", "ws")}/app${path}`;
}

/** How a WebSocket of a client ended. */
function endOf(socket: WebSocket): Promise<readonly [code: number, reason: string]> {
  return new Promise((resolve) => {
    socket.onclose = ({ code, reason }) => resolve([code, reason]);
  });
}

/** A count of the program, once it grows no more. */
async function settled(mesh: MeshProcess, name: string): Promise<number> {
  for (let turn = 0; turn < TURNS; turn += 1) await mesh.text(`/app/${name}`);
  return Number(await mesh.text(`/app/${name}`));
}

Deno.test("a program that writes fast waits for a client that reads slowly", async () => {
  await using mesh = await startPrograms();
  await mesh.text("/app/");
  // What the processes need in any case is there after a smaller flood.
  await flood(mesh, 16 * MIB / PIECE);
  const before = await peaksOf(mesh);
  const underWay = await flood(mesh, PIECES);
  assert(underWay < UNDER_WAY, `${underWay / MIB} MiB under way`);
  assertEquals(await grownSince(before, mesh), []);
});

/** Has the program write so many pieces, and reads all late; returns what was under way then. */
async function flood(mesh: MeshProcess, pieces: number): Promise<number> {
  const sentBefore = Number(await mesh.text("/app/sent"));
  const stream = new WebSocketStream(urlOf(mesh, `/flood?pieces=${pieces}`));
  const reader = (await stream.opened).readable.getReader();
  const underWay = await settled(mesh, "sent") - sentBefore;
  for (let at = 0; at < pieces; at += 1) {
    const { value } = await reader.read();
    assert(value instanceof Uint8Array && value.length === PIECE);
    assertEquals(new DataView(value.buffer, value.byteOffset).getBigUint64(0), BigInt(at));
  }
  assertEquals((await reader.read()).done, true);
  assertEquals({ ...await stream.closed }, { closeCode: 4_002, reason: "flooded" });
  return underWay;
}

Deno.test("a program that reads slowly gets all that was sent, unless it is too much", async () => {
  await using mesh = await startPrograms();
  await mesh.text("/app/");
  const before = await peaksOf(mesh);
  const patient = new WebSocket(urlOf(mesh, "/slow"));
  const fast = new WebSocket(urlOf(mesh, "/slow"));
  const fastEnd = endOf(fast);
  await Promise.all([patient, fast].map((socket) => {
    return new Promise((resolve) => socket.onopen = resolve);
  }));
  for (let at = 0; at < 8 * MIB / PIECE; at += 1) patient.send(NOTHING);
  for (let at = 0; at < PIECES; at += 1) fast.send(NOTHING);
  // It may be too busy with writing to read why.
  assert([0, 1_006, 1_011].includes((await fastEnd)[0]));
  await mesh.text("/app/go");
  const patientEnd = endOf(patient);
  patient.close(4_003, "all said");
  assertEquals(await patientEnd, [4_003, "all said"]);
  assertEquals(await grownSince(before, mesh), []);
});

Deno.test("closes of programs and of their clients reach the other end", async () => {
  await using mesh = await startPrograms();
  const ended = async (path: string, close: (socket: WebSocket) => void = () => {}) => {
    const socket = new WebSocket(urlOf(mesh, path));
    const end = endOf(socket);
    socket.onopen = () => close(socket);
    return await end;
  };
  assertEquals(await ended("/close?code=4005&reason=own"), [4_005, "own"]);
  assertEquals(await ended("/close?code=1013&reason=later"), [1_013, "later"]);
  assertEquals(await ended("/echo", (socket) => socket.close(4_006, "mine")), [4_006, "mine"]);
  assertEquals(await mesh.text("/app/closed"), "4006 mine");
  assert([0, 1_006].includes((await ended("/refuse"))[0]));
  const [code] = await ended("/crash", (socket) => socket.send("now"));
  assertEquals(code, 1_011);
  await mesh.event("instanceEnded", { service: "app", exitCode: 3 });
  assertEquals(mesh.stderr, "");
});

Deno.test("clients of a program are told that it stops, also if it reads nothing", async () => {
  await using mesh = await startPrograms();
  for (const [at, path] of ["/echo", "/slow"].entries()) {
    const socket = new WebSocket(urlOf(mesh, path));
    const end = endOf(socket);
    await new Promise((resolve) => socket.onopen = resolve);
    if (path === "/slow") {
      for (let sent = 0; sent < 8 * MIB; sent += PIECE) socket.send(NOTHING);
    }
    // A client of Deno that still writes when the close comes sees code 0, whoever serves it.
    while (socket.bufferedAmount > 0) await mesh.text("/app/");
    await settled(mesh, "received");
    const started = await mesh.times(at + 1, "instanceStarted", { service: "app" });
    const serviceID = Number(started.at(-1)?.serviceID);
    await (await mesh.admin(`/v1/instances/${serviceID}/stop`, { mode: "soft" })).body?.cancel();
    assertEquals(await end, [1_012, "service restart"]);
    await mesh.event("instanceEnded", { serviceID });
  }
  assertEquals(mesh.stderr, "");
});
