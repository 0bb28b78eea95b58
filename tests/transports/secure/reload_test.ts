import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Credentials } from "../../../transports/secure/identity.ts";
import { DialError } from "../../../transports/tcp.ts";
import {
  AGENT,
  AGENT_CREDENTIALS,
  AUTHORITY,
  credentialsOf,
  MANAGER,
  MANAGER_CREDENTIALS,
  newAuthority,
} from "./certificates.ts";
import { closeEnds, Door } from "./secure_pair.ts";

/** Dials until it succeeds or fails as is wanted: the change of a certificate takes a moment. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("listenSecure() uses a new certificate, and open links stay", async () => {
  let current: Credentials = MANAGER_CREDENTIALS;
  const door = new Door({ credentials: () => current, reloadMs: 5 });
  const before = await door.dial();
  // A dialler that believes only the new authority gets in once the listener uses it.
  const authority = await newAuthority();
  const credentials = await credentialsOf(AGENT, { issuer: authority, believes: authority });
  await assertRejects(() => door.dial({ credentials }), DialError);
  current = await credentialsOf(MANAGER, { issuer: authority, believes: authority });
  let after: Awaited<ReturnType<typeof door.dial>> | undefined;
  await until(async () => {
    after = await door.dial({ credentials }).catch(() => undefined);
    return after !== undefined;
  });
  assert(after !== undefined);
  before.link.send("still here");
  const { end } = await door.peers.at(0);
  await end.until(() => end.values.length === 1);
  const error = await assertRejects(() => door.dial(), DialError);
  assertStringIncludes(error.message, "it was not issued by the authority of this mesh");
  const { end: other } = await door.peers.at(1);
  await closeEnds(before, after, end, other);
  door.listener.close();
});

Deno.test("listenSecure() refuses nobody while its certificate changes", async () => {
  const pair = [MANAGER_CREDENTIALS, await credentialsOf(MANAGER)];
  let calls = 0;
  const credentials = () => pair[Math.floor(calls++ / 2) % 2] ?? MANAGER_CREDENTIALS;
  const door = new Door({ credentials, reloadMs: 1 });
  const dialAll = async () => {
    for (let count = 0; count < 10; count++) await closeEnds(await door.dial());
  };
  await Promise.all([dialAll(), dialAll(), dialAll(), dialAll()]);
  assertEquals(door.refusals.all, []);
  assert(calls > 40, "it changed meanwhile");
  await Promise.all(door.peers.all.map(({ end }) => end.ending()));
  door.listener.close();
});

Deno.test("listenSecure() believes two authorities while one replaces the other", async () => {
  const next = await newAuthority();
  const both = { ...AUTHORITY, certificate: next.certificate + AUTHORITY.certificate };
  const manager = await credentialsOf(MANAGER, { believes: both });
  const door = new Door({ credentials: () => manager });
  const credentials = await credentialsOf(AGENT, { issuer: next, believes: both });
  const ends = [await door.dial({ credentials }), await door.dial()];
  await closeEnds(...ends);
  await Promise.all(door.peers.all.map(({ end }) => end.ending()));
  assertEquals([door.peers.all.length, door.refusals.all], [2, []]);
  door.listener.close();
});

Deno.test("listenSecure() goes on with what it has when the new one is bad", async () => {
  let current: Credentials = MANAGER_CREDENTIALS;
  const door = new Door({ credentials: () => current, reloadMs: 1 });
  current = { ...MANAGER_CREDENTIALS, key: AGENT_CREDENTIALS.key };
  assertStringIncludes(await door.refusals.at(0), "Cannot use the new certificate");
  await closeEnds(await door.dial());
  assertEquals(door.refusals.all.length, 1, "it is told once");
  await door.peers.all[0]?.end.ending();
  door.listener.close();
});
