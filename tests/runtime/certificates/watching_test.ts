import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { issueInto } from "../../../runtime/certificates/authority.ts";
import { CertificatesError } from "../../../runtime/certificates/files.ts";
import { watchCredentials } from "../../../runtime/certificates/watching.ts";
import { DAY_MS, Folders } from "./folders.ts";

/** Longer than a test: it looks only when the test says so. */
const everyMs = 3_600_000;

Deno.test("watchCredentials() uses a renewed pair once all of it is there", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  const warnings: string[] = [];
  const changes: string[] = [];
  const watch = await watchCredentials(folder, {
    everyMs,
    warn: (text) => warnings.push(text),
    changed: ({ certificate }) => changes.push(certificate),
  });
  const first = watch.credentials();
  await watch.look();
  assertEquals(watch.credentials(), first);
  // A renewal somewhere else, copied file by file.
  const next = folders.path("next");
  await issueInto(next, { authority: folders.authority, identity: first.identity });
  await Deno.copyFile(`${next}/cert.pem`, `${folder}/cert.pem`);
  await watch.look();
  assertEquals([watch.credentials(), warnings], [first, []]);
  await Deno.copyFile(`${next}/key.pem`, `${folder}/key.pem`);
  await watch.look();
  const second = watch.credentials();
  assert(second.certificate !== first.certificate && second.key !== first.key);
  assertEquals([changes, warnings], [[second.certificate], []]);
  watch.close();
});

Deno.test("watchCredentials() tells once of what stays bad, and uses what was good", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  const warnings: string[] = [];
  const watch = await watchCredentials(folder, { everyMs, warn: (text) => warnings.push(text) });
  const first = watch.credentials();
  await Deno.remove(`${folder}/key.pem`);
  for (let count = 0; count < 4; count++) await watch.look();
  assertEquals(watch.credentials(), first);
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0] ?? "", "there is no key.pem; what was used before is used on");
  await folders.issue();
  await watch.look();
  assert(watch.credentials() !== first);
  watch.close();
});

Deno.test("watchCredentials() uses a pair of the future when its time has come", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  let nowMs = Date.now();
  const watch = await watchCredentials(folder, { everyMs, warn: () => {}, clockMs: () => nowMs });
  const first = watch.credentials();
  await folders.issue({ beginsMs: nowMs + 2 * DAY_MS });
  await watch.look();
  assertEquals(watch.credentials(), first);
  nowMs += 3 * DAY_MS;
  await watch.look();
  assert(watch.credentials() !== first);
  watch.close();
});

Deno.test("watchCredentials() lets nobody become somebody else while it runs", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  const warnings: string[] = [];
  const watch = await watchCredentials(folder, { everyMs, warn: (text) => warnings.push(text) });
  await Deno.remove(folder, { recursive: true });
  await folders.issue({ identity: { role: "agent", name: "a2" } });
  for (let count = 0; count < 2; count++) await watch.look();
  assertEquals(watch.credentials().identity.name, "a1");
  assertStringIncludes(warnings[0] ?? "", 'it became that of "a2.agent.smmp"');
  watch.close();
});

Deno.test("watchCredentials() warns each day of an end that is near", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue({ days: 35 });
  const warnings: string[] = [];
  let nowMs = Date.now();
  const warn = (text: string) => warnings.push(text);
  const watch = await watchCredentials(folder, { everyMs, warn, clockMs: () => nowMs });
  for (let hours = 0; hours < 8 * 24; hours += 6) {
    await watch.look();
    nowMs += DAY_MS / 4;
  }
  assertEquals(warnings.length, 3);
  assertStringIncludes(warnings[0] ?? "", "in 29 days");
  watch.close();
});

Deno.test("watchCredentials() follows by itself, and needs a good start", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  const changed = Promise.withResolvers<void>();
  const watch = await watchCredentials(folder, {
    everyMs: 5,
    warn: () => {},
    changed: () => changed.resolve(),
  });
  await folders.issue();
  // The timer of the watch is no reason for the test to stay, so something else must be.
  const stay = setTimeout(() => {}, everyMs);
  await changed.promise;
  clearTimeout(stay);
  watch.close();
  await assertRejects(
    () => watchCredentials(folders.path("nowhere"), { warn: () => {} }),
    CertificatesError,
  );
});
