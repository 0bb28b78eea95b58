import { assertEquals, assertStringIncludes } from "@std/assert";
import { superjsonCodec } from "../../../transports/superjson_codec.ts";
import { dialSecure } from "../../../transports/secure/dialler.ts";
import { listenSecure } from "../../../transports/secure/listener.ts";
import { type End, testLinks } from "../link_conformance.ts";
import { AGENT_CREDENTIALS, MANAGER_CREDENTIALS } from "./certificates.ts";
import { closeEnds, Door } from "./secure_pair.ts";

for (const codec of [undefined, superjsonCodec]) {
  testLinks({
    symbol: codec ? "dialSecure() with superjson" : "dialSecure()",
    connect: (left, right, { narrow }) => connectPair([left, right], { narrow, codec }),
  });
  testLinks({
    symbol: codec ? "listenSecure() with superjson" : "listenSecure()",
    connect: (left, right, { narrow }) => connectPair([right, left], { narrow, codec }),
  });
}

async function connectPair(
  [dialler, accepted]: readonly [End, End],
  { narrow, codec }: { narrow: boolean; codec: typeof superjsonCodec | undefined },
): Promise<void> {
  const options = {
    ...(codec ? { codec } : {}),
    ...(narrow ? { waitingBytesMax: 1024 * 1024 } : {}),
  };
  const linked = Promise.withResolvers<void>();
  const listener = listenSecure({
    ...options,
    credentials: () => MANAGER_CREDENTIALS,
    admits: () => undefined,
  }, (link) => {
    accepted.link = link;
    linked.resolve();
    return accepted;
  });
  dialler.link = await dialSecure({
    ...options,
    port: listener.port,
    credentials: AGENT_CREDENTIALS,
    expects: { role: "manager" },
  }, () => dialler);
  await linked.promise;
  listener.close();
}

Deno.test("listenSecure() tells who dials, and both ends name each other in logs", async () => {
  const door = new Door();
  const end = await door.dial();
  const { peer, end: other } = await door.peers.at(0);
  assertEquals(peer, { role: "agent", name: "a1", address: "127.0.0.1" });
  assertStringIncludes(other.link.name, "a1.agent.smmp at 127.0.0.1:");
  assertEquals(end.link.name, `manager.manager.smmp at 127.0.0.1:${door.listener.port}`);
  assertEquals([door.listener.links, door.listener.waiting], [1, 0]);
  await closeEnds(end, other);
  assertEquals(door.listener.links, 0);
  door.listener.close();
  door.listener.close();
  assertEquals(door.refusals.all, []);
});

Deno.test("dialSecure() delivers what the other end sends with its welcome", async () => {
  const door = new Door();
  const dialled = door.dial();
  const { end: other } = await door.peers.at(0);
  for (let index = 0; index < 100; index++) other.link.send({ index });
  const end = await dialled;
  await end.until(() => end.values.length === 100);
  assertEquals(end.values.at(-1), { index: 99 });
  await closeEnds(end, other);
  door.listener.close();
});
