import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createAuthority, issueInto } from "../../../runtime/certificates/authority.ts";
import { describeCertificate } from "../../../runtime/certificates/description.ts";
import { CertificatesError } from "../../../runtime/certificates/files.ts";
import { AGENT, DAY_MS, Folders } from "./folders.ts";

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

async function refusalOf(action: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(action, CertificatesError)).message;
}

Deno.test("createAuthority() makes one for ten years, with a secret key", async () => {
  await using folders = await Folders.make();
  const facts = describeCertificate(await Deno.readTextFile(folders.path("ca", "ca.pem")));
  assertEquals(facts.identity, undefined);
  assertEquals(Math.round((facts.endsMs - Date.now()) / DAY_MS), 3650);
  assert(facts.beginsMs < Date.now() - 59 * 60 * 1_000, "it begins an hour ago");
  assertEquals(await modeOf(folders.path("ca", "ca.key")), 0o600);
  assertEquals(await modeOf(folders.authority), 0o700);
});

Deno.test("createAuthority() never replaces one", async () => {
  await using folders = await Folders.make();
  const before = await Deno.readTextFile(folders.path("ca", "ca.key"));
  assertStringIncludes(await refusalOf(() => createAuthority(folders.authority)), "already");
  assertEquals(await Deno.readTextFile(folders.path("ca", "ca.key")), before);
});

Deno.test("issueInto() writes three files, the key for its owner only", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue({ hosts: ["10.77.0.2", "A1.example.com", "::1"], days: 90 });
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assertEquals(names, ["ca.pem", "cert.pem", "key.pem"]);
  assertEquals(await modeOf(`${folder}/key.pem`), 0o600);
  const facts = describeCertificate(await Deno.readTextFile(`${folder}/cert.pem`));
  assertEquals(facts.identity, AGENT);
  assertEquals(facts.hosts, ["a1.example.com", "10.77.0.2", "::1"]);
  assertEquals(Math.round((facts.endsMs - Date.now()) / DAY_MS), 90);
});

Deno.test("issueInto() renews what is there, and lets nothing outlive its authority", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  const before = await Deno.readTextFile(`${folder}/cert.pem`);
  const facts = await issueInto(folder, {
    authority: folders.authority,
    identity: AGENT,
    days: 100_000,
  });
  assert(await Deno.readTextFile(`${folder}/cert.pem`) !== before);
  const authority = describeCertificate(await Deno.readTextFile(folders.path("ca", "ca.pem")));
  assertEquals(facts.endsMs, authority.endsMs);
});

Deno.test("issueInto() does not give the folder of one to another", async () => {
  await using folders = await Folders.make();
  await folders.issue();
  const identity = { role: "agent", name: "a2" } as const;
  assertStringIncludes(
    await refusalOf(() => folders.issue({ identity })),
    'it holds the certificate of "a1.agent.smmp"',
  );
});

Deno.test("issueInto() refuses names and hosts that would say something else", async () => {
  await using folders = await Folders.make();
  for (const name of ["", "A", "a.b", "a-", "a b"]) {
    const identity = { role: "agent", name } as const;
    assertStringIncludes(await refusalOf(() => folders.issue({ identity })), "expected lower-case");
  }
  for (const host of ["a2.agent.smmp", "MANAGER.manager.smmp", "smmp"]) {
    assertStringIncludes(await refusalOf(() => folders.issue({ hosts: [host] })), "under .smmp");
  }
  for (const host of ["1.2.3", "300.1.1.1", "a b", "a/b", ":", "1::2::3", ".a", "a."]) {
    assertStringIncludes(
      await refusalOf(() => folders.issue({ hosts: [host] })),
      "expected a name",
    );
  }
});

Deno.test("issueInto() says what is wrong with the authority", async () => {
  await using folders = await Folders.make();
  const ca = (name: string) => folders.path("ca", name);
  assertStringIncludes(
    await refusalOf(() => folders.issue({ nowMs: Date.now() + 4_000 * DAY_MS })),
    "it expired at 20",
  );
  assertStringIncludes(
    await refusalOf(() => folders.issue({ authority: folders.path("nowhere") })),
    `Cannot use the authority in "${folders.path("nowhere")}": there is no ca.pem`,
  );
  await Deno.chmod(ca("ca.key"), 0o640);
  assertStringIncludes(await refusalOf(() => folders.issue()), "others may read ca.key");
  await createAuthority(folders.path("other"));
  await Deno.copyFile(folders.path("other", "ca.pem"), ca("ca.pem"));
  assertStringIncludes(await refusalOf(() => folders.issue()), "ca.key is not the key of ca.pem");
  await Deno.writeTextFile(ca("ca.pem"), "nothing");
  assertStringIncludes(await refusalOf(() => folders.issue()), "0 certificates");
});
