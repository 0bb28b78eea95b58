import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  generationNames,
  goodFrom,
  isGood,
} from "../../../transports/secure/handshake/revocation.ts";
import { type Credentials, tlsName } from "../../../transports/secure/identity.ts";
import { DialError } from "../../../transports/tcp.ts";
import {
  AGENT,
  AGENT_CREDENTIALS,
  credentialsOf,
  MANAGER,
  MANAGER_CREDENTIALS,
} from "./certificates.ts";
import { closeEnds, Door } from "./secure_pair.ts";

const AGENT_NAME = tlsName(AGENT);
const MANAGER_NAME = tlsName(MANAGER);

/** Credentials as they are issued after those of their name were revoked so often. */
function issuedAfter(identity: Credentials["identity"], revocations: number): Promise<Credentials> {
  const name = tlsName(identity);
  return credentialsOf(identity, {
    names: [name, ...generationNames(name, 1 + revocations), "127.0.0.1.example"],
  });
}

Deno.test("isGood() takes certificates of the generation that is good, and later ones", () => {
  const revoked = new Map([[AGENT_NAME, 3]]);
  assertEquals([goodFrom(revoked, AGENT_NAME), goodFrom(revoked, MANAGER_NAME)], [3, 1]);
  const good = [1, 2, 3, 4].map((generation) =>
    isGood([AGENT_NAME, ...generationNames(AGENT_NAME, generation)], { name: AGENT_NAME, revoked })
  );
  assertEquals(good, [false, false, true, true]);
  assertEquals(isGood([AGENT_NAME], { name: AGENT_NAME, revoked: undefined }), true);
  // The name of one is no name of another.
  const others = ["3.a2.agent.smmp", `3.${MANAGER_NAME}`, `x3.${AGENT_NAME}`, `3x.${AGENT_NAME}`];
  assertEquals(isGood([AGENT_NAME, ...others], { name: AGENT_NAME, revoked }), false);
});

Deno.test("listenSecure() refuses a revoked certificate, and takes the next one", async () => {
  const revoked = new Map([[AGENT_NAME, 3]]);
  const door = new Door({ credentials: () => ({ ...MANAGER_CREDENTIALS, revoked }) });
  for (const credentials of [AGENT_CREDENTIALS, await issuedAfter(AGENT, 1)]) {
    const error = await assertRejects(() => door.dial({ credentials }), DialError);
    assertStringIncludes(error.message, "it refuses this end: its certificate was revoked");
  }
  assertStringIncludes(await door.refusals.at(1), "in: its certificate was revoked");
  const other = await credentialsOf({ role: "agent", name: "a2" });
  const ends = [
    await door.dial({ credentials: await issuedAfter(AGENT, 2) }),
    await door.dial({ credentials: other }),
  ];
  const { peer, end } = await door.peers.at(0);
  assertEquals(peer.hosts, ["127.0.0.1.example"]);
  await closeEnds(...ends, end, (await door.peers.at(1)).end);
  door.listener.close();
});

Deno.test("dialSecure() refuses a listener whose certificate was revoked", async () => {
  let current = MANAGER_CREDENTIALS;
  const door = new Door({ credentials: () => current, reloadMs: 5 });
  const credentials = { ...AGENT_CREDENTIALS, revoked: new Map([[MANAGER_NAME, 2]]) };
  const error = await assertRejects(() => door.dial({ credentials }), DialError);
  assertStringIncludes(error.message, ": its certificate was revoked");
  const before = await door.dial();
  current = await issuedAfter(MANAGER, 3);
  let after: Awaited<ReturnType<typeof door.dial>> | undefined;
  while (after === undefined) after = await door.dial({ credentials }).catch(() => undefined);
  const { end } = await door.peers.at(0);
  await closeEnds(before, after, end, (await door.peers.at(1)).end);
  door.listener.close();
});

Deno.test("listenSecure() breaks links of who is revoked, and no others", async () => {
  let current: Credentials = MANAGER_CREDENTIALS;
  const door = new Door({ credentials: () => current, reloadMs: 5 });
  const [revoked, renewed, other] = [
    await door.dial(),
    await door.dial({ credentials: await issuedAfter(AGENT, 1) }),
    await door.dial({ credentials: await credentialsOf({ role: "agent", name: "a2" }) }),
  ];
  const ends = [(await door.peers.at(0)).end, (await door.peers.at(1)).end];
  current = { ...MANAGER_CREDENTIALS, revoked: new Map([[AGENT_NAME, 2]]) };
  assertEquals(await ends[0]?.ending(), "its certificate was revoked");
  await revoked.ending();
  renewed.link.send("still here");
  await ends[1]?.until(() => ends[1]?.values.length === 1);
  other.link.send("here too");
  const { end: last } = await door.peers.at(2);
  await last.until(() => last.values.length === 1);
  assertEquals(door.listener.links, 2);
  await closeEnds(renewed, other, ...ends.slice(1), last);
  door.listener.close();
});
