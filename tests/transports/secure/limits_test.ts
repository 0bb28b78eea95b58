import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { answerTo } from "../../../transports/secure/handshake/dialler_proof.ts";
import { LineInput, writeLine } from "../../../transports/secure/handshake/line_input.ts";
import { readChallenge } from "../../../transports/secure/handshake/lines.ts";
import { Lobby } from "../../../transports/secure/lobby.ts";
import { AGENT_CREDENTIALS } from "./certificates.ts";
import { closeEnds, Door } from "./secure_pair.ts";

/** Reads until the other end closes; a broken connection has ended too. */
async function readAll(conn: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16 * 1024);
  let text = "";
  try {
    for (;;) {
      const count = await conn.read(buffer);
      if (count === null) return text;
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } catch {
    return text;
  }
}

/** The reason in the refusal that a dialler was sent. */
function refusalIn(text: string): string {
  const [line = ""] = text.split("\n").filter((each) => each.includes("secureRefusal"));
  return line;
}

Deno.test("listenSecure() sends away who says nothing, before, during and inside TLS", async () => {
  const door = new Door({ handshakeMs: 200 });
  const [plain, stalled, tls] = await Promise.all([
    door.connect(),
    door.connect(),
    door.connectTls(),
  ]);
  // The start of a hello of TLS, which promises more.
  await stalled.write(new Uint8Array([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
  assertStringIncludes(refusalIn(await readAll(tls)), "no proof within 200 ms");
  // To be closed is all that can be told outside TLS.
  await Promise.all([readAll(plain), readAll(stalled)]);
  for (const conn of [plain, stalled, tls]) conn.close();
  await door.refusals.at(2);
  assert(door.refusals.all.every((text) => text.endsWith("no proof within 200 ms")));
  door.listener.close();
});

Deno.test("listenSecure() takes only so many bytes of who is not in", async () => {
  const door = new Door({ handshakeBytesMax: 1_000 });
  const tls = await door.connectTls();
  await tls.write(new TextEncoder().encode("x".repeat(100_000)));
  assertStringIncludes(refusalIn(await readAll(tls)), "it sent more than 1000 bytes");
  assertStringIncludes(await door.refusals.at(0), "it sent more than 1000 bytes");
  tls.close();
  door.listener.close();
});

Deno.test("listenSecure() refuses who goes on before it is let in", async () => {
  const door = new Door();
  const tls = await door.connectTls();
  const signature = "A".repeat(86) + "==";
  const answer = { type: "secureAnswer", version: 1, certificate: "x", signature };
  await tls.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n{"type":"hello"}\n`));
  assertStringIncludes(refusalIn(await readAll(tls)), "it went on before it was let in");
  tls.close();
  assertStringIncludes(await door.refusals.at(0), "it went on before it was let in");
  door.listener.close();
});

Deno.test("listenSecure() lets honest diallers in while others flood it", async () => {
  const door = new Door({ waitingPerAddressMax: 8, handshakeMs: 60_000 });
  const first = await door.dial();
  const flood: Deno.TcpConn[] = [];
  for (let count = 0; count < 100; count++) flood.push(await door.connect());
  const second = await door.dial();
  for (let count = 0; count < 100; count++) flood.push(await door.connect());
  first.link.send("still here");
  const { end } = await door.peers.at(0);
  await end.until(() => end.values.length === 1);
  await door.refusals.at(190);
  assertEquals(door.listener.waiting, 8);
  const [reason] = door.refusals.all;
  assertStringIncludes(reason ?? "", "more than 8 wait to be let in from its address");
  // Those that were pushed out are closed, not only forgotten.
  await Promise.all(flood.slice(0, 190).map(readAll));
  for (const conn of flood) conn.close();
  // What still waited ends too, and is told: nothing of the flood stays.
  await door.refusals.at(199);
  const { end: other } = await door.peers.at(1);
  await closeEnds(first, second, end, other);
  assertEquals([door.listener.waiting, door.listener.links], [0, 0]);
  door.listener.close();
});

Deno.test("listenSecure() lets nobody in after it was closed", async () => {
  const door = new Door();
  const [plain, tls] = await Promise.all([door.connect(), door.connectTls()]);
  door.listener.close();
  await plain.write(new Uint8Array([0x16, 0x03, 0x01]));
  await readAll(plain);
  plain.close();
  const challenge = readChallenge(await new LineInput(tls, 1_000).next());
  assert(typeof challenge !== "string");
  const proof = { credentials: AGENT_CREDENTIALS, server: "manager.manager.smmp" };
  await writeLine(tls, await answerTo(challenge, proof));
  assertStringIncludes(refusalIn(await readAll(tls)), "closed at this end");
  tls.close();
  assertEquals([door.refusals.all.length, door.peers.all], [2, []]);
});

Deno.test("listenSecure() throws when its port is taken", async () => {
  const door = new Door();
  const { port } = door.listener;
  const open = () => Promise.resolve().then(() => new Door({ port }));
  await assertRejects(open, Deno.errors.AddrInUse);
  door.listener.close();
});

Deno.test("Lobby pushes out the oldest of an address that has its share", () => {
  const lobby = new Lobby({ perAddressMax: 2, max: 10 });
  const gone: string[] = [];
  const enter = (address: string, name: string) => lobby.enter(address, () => gone.push(name));
  enter("10.0.0.1", "first");
  const leave = enter("10.0.0.1", "second");
  enter("10.0.0.2", "other");
  enter("10.0.0.1", "third");
  assertEquals(gone, ["first"]);
  leave();
  leave();
  enter("10.0.0.1", "fourth");
  assertEquals([gone, lobby.size], [["first"], 3]);
});

Deno.test("Lobby pushes out one of the address that has most when it is full", () => {
  const lobby = new Lobby({ perAddressMax: 50, max: 60 });
  const gone: string[] = [];
  const enter = (address: string) => lobby.enter(address, () => gone.push(address));
  enter("10.0.0.9");
  for (let count = 0; count < 50; count++) enter("10.0.0.1");
  for (let count = 0; count < 9; count++) enter("10.0.0.2");
  for (let count = 0; count < 30; count++) enter(`10.0.1.${count}`);
  assertEquals(gone, Array(30).fill("10.0.0.1"));
  assertEquals(lobby.size, 60);
});

Deno.test("Lobby takes the first 64 bits of IPv6 for an address", () => {
  const lobby = new Lobby({ perAddressMax: 1, max: 10 });
  const gone: string[] = [];
  const enter = (address: string) => lobby.enter(address, () => gone.push(address));
  for (const address of ["2001:db8::1", "2001:db8:0:0:5::", "2001:db8:0:1::1"]) enter(address);
  assertEquals(gone, ["2001:db8::1"]);
  for (const address of ["::1", "::2", "::ffff:10.0.0.1", "::ffff:10.0.0.2"]) enter(address);
  assertEquals(gone, ["2001:db8::1", "::1"]);
});
