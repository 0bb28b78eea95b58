import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { createAuthority, issueInto } from "../../../runtime/certificates/authority.ts";
import { CertificatesError, isOpenToOthers } from "../../../runtime/certificates/files.ts";
import { loadCredentials } from "../../../runtime/certificates/loading.ts";
import { AGENT, DAY_MS, Folders } from "./folders.ts";

async function refusalOf(folder: string, nowMs = Date.now()): Promise<string> {
  const error = await assertRejects(() => loadCredentials(folder, { nowMs }), CertificatesError);
  assertStringIncludes(error.message, `Cannot use the certificates in "${folder}": `);
  return error.message;
}

Deno.test("loadCredentials() loads what issueInto() wrote, without a warning", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  const warnings: string[] = [];
  const credentials = await loadCredentials(folder, { warn: (text) => warnings.push(text) });
  assertEquals(credentials.identity, AGENT);
  assertEquals(credentials.key, await Deno.readTextFile(`${folder}/key.pem`));
  assertEquals(warnings, []);
});

Deno.test("loadCredentials() names the file that is missing", async () => {
  await using folders = await Folders.make();
  for (const name of ["ca.pem", "cert.pem", "key.pem"]) {
    const folder = await folders.issue();
    await Deno.remove(`${folder}/${name}`);
    assertStringIncludes(await refusalOf(folder), `there is no ${name}`);
  }
});

Deno.test("loadCredentials() says the dates of a certificate that is not valid now", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue({ days: 10 });
  const later = await refusalOf(folder, Date.now() + 11 * DAY_MS);
  assertStringIncludes(later, "its certificate expired at 20");
  assertStringIncludes(later, "here it is 20");
  const earlier = await refusalOf(folder, Date.now() - 2 * 60 * 60 * 1_000);
  assertStringIncludes(earlier, "this mesh's authority is not valid before 20");
  await folders.issue({ beginsMs: Date.now() + DAY_MS });
  assertStringIncludes(await refusalOf(folder), "its certificate is not valid before 20");
});

Deno.test("loadCredentials() refuses what does not belong together", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  const key = await Deno.readTextFile(`${folder}/key.pem`);
  await folders.issue();
  await Deno.writeTextFile(`${folder}/key.pem`, key);
  assertStringIncludes(await refusalOf(folder), "key.pem is not the key of cert.pem");
  await Deno.writeTextFile(`${folder}/key.pem`, key.replaceAll("PRIVATE", "EC PRIVATE"));
  assertStringIncludes(await refusalOf(folder), "PKCS #8");
  await folders.issue();
  await createAuthority(folders.path("other"));
  await Deno.copyFile(folders.path("other", "ca.pem"), `${folder}/ca.pem`);
  assertStringIncludes(
    await refusalOf(folder),
    "its certificate was not issued by the authority of this mesh",
  );
});

Deno.test("loadCredentials() refuses garbage with a reason, whatever it is", async () => {
  await using folders = await Folders.make();
  const good = await Deno.readTextFile(`${await folders.issue()}/cert.pem`);
  const cut = fc.nat(good.length - 40).map((at) => good.slice(0, at));
  const file = fc.constantFrom("ca.pem", "cert.pem", "key.pem");
  await fc.assert(
    fc.asyncProperty(file, fc.oneof(fc.string(), cut), async (name, text) => {
      const folder = await folders.issue();
      await Deno.writeTextFile(`${folder}/${name}`, text);
      await refusalOf(folder);
      await Deno.remove(folder, { recursive: true });
    }),
    { numRuns: 40 },
  );
});

Deno.test("loadCredentials() warns of a near end, and of a key that others may read", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue({ days: 20 });
  await Deno.chmod(`${folder}/key.pem`, 0o644);
  const warnings: string[] = [];
  await loadCredentials(folder, { warn: (text) => warnings.push(text) });
  assertEquals(warnings.length, 2);
  assertStringIncludes(warnings[0] ?? "", 'The certificate of "a1.agent.smmp" ends at 20');
  assertStringIncludes(warnings[0] ?? "", "in 19 days: renew it by smmp ca issue agent a1");
  assertStringIncludes(warnings[1] ?? "", "chmod 600");
});

Deno.test("loadCredentials() tells the manager to renew without a name", async () => {
  await using folders = await Folders.make();
  const folder = folders.path("manager");
  const identity = { role: "manager", name: "manager" } as const;
  await issueInto(folder, { authority: folders.authority, identity, days: 1 });
  const warnings: string[] = [];
  await loadCredentials(folder, { warn: (text) => warnings.push(text) });
  assertStringIncludes(warnings[0] ?? "", "renew it by smmp ca issue manager");
});

Deno.test("isOpenToOthers() fails as certificates do for a key that is gone", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  assertEquals(await isOpenToOthers(`${folder}/key.pem`), false);
  await Deno.remove(`${folder}/key.pem`);
  await assertRejects(() => isOpenToOthers(`${folder}/key.pem`), CertificatesError);
});
