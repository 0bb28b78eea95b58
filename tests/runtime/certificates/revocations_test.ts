import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { describeCertificate } from "../../../runtime/certificates/description.ts";
import { CertificatesError } from "../../../runtime/certificates/files.ts";
import { loadCredentials } from "../../../runtime/certificates/loading.ts";
import { readRevocations, revoke } from "../../../runtime/certificates/revocations.ts";
import { watchCredentials } from "../../../runtime/certificates/watching.ts";
import { AGENT, Folders } from "./folders.ts";

/** Longer than a test: it looks only when the test says so. */
const everyMs = 3_600_000;

Deno.test("revoke() makes what was issued worthless, and what is issued then is good", async () => {
  await using folders = await Folders.make();
  const { authority } = folders;
  const folder = await folders.issue();
  assertEquals(await readRevocations(authority, "look"), undefined);
  for (const generation of [2, 3]) {
    await revoke(authority, AGENT);
    assertEquals(
      await readRevocations(authority, "look"),
      new Map([["a1.agent.smmp", generation]]),
    );
    await Deno.copyFile(`${authority}/revoked.json`, `${folder}/revoked.json`);
    const error = await assertRejects(() => loadCredentials(folder), CertificatesError);
    assertStringIncludes(error.message, "it was revoked: issue it again by smmp ca issue agent a1");
    await folders.issue({ hosts: ["10.0.0.1"] });
    const { certificate, revoked } = await loadCredentials(folder);
    assertEquals(revoked?.get("a1.agent.smmp"), generation);
    assertEquals(describeCertificate(certificate).hosts, ["10.0.0.1"]);
  }
});

Deno.test("revoke() goes so far, and asks for a new authority then", async () => {
  await using folders = await Folders.make();
  const { authority } = folders;
  for (let count = 1; count < 50; count += 1) await revoke(authority, AGENT);
  const folder = await folders.issue();
  await loadCredentials(folder);
  const error = await assertRejects(() => revoke(authority, AGENT), CertificatesError);
  assertStringIncludes(error.message, "they were 49 times already; make a new authority");
});

Deno.test("readRevocations() refuses what is no list, so that nobody is let in by it", async () => {
  await using folders = await Folders.make();
  const folder = await folders.issue();
  const bad = ["", "[]", "3", '{"a1": {}}', '{"a1.agent.smmp": 2}'];
  const said = [1, 2.5, 51, "2", null].map((goodFrom) => ({ goodFrom, at: "" }));
  const lists = said.map((one) => JSON.stringify({ "a1.agent.smmp": one }));
  for (const text of [...bad, ...lists]) {
    await Deno.writeTextFile(`${folder}/revoked.json`, text);
    const error = await assertRejects(() => loadCredentials(folder), CertificatesError);
    assertStringIncludes(error.message, "revoked.json is no list of revoked names");
  }
  await Deno.remove(`${folder}/revoked.json`);
  await Deno.mkdir(`${folder}/revoked.json`);
  const error = await assertRejects(() => loadCredentials(folder), CertificatesError);
  assertStringIncludes(error.message, "revoked.json is a folder, not a file");
});

Deno.test("watchCredentials() follows the list, also one with the name of its own", async () => {
  await using folders = await Folders.make();
  const { authority } = folders;
  const folder = await folders.issue();
  const warnings: string[] = [];
  const watch = await watchCredentials(folder, { everyMs, warn: (text) => warnings.push(text) });
  const copy = async () => {
    await Deno.copyFile(`${authority}/revoked.json`, `${folder}/revoked.json`);
    await watch.look();
    return watch.credentials().revoked;
  };
  await revoke(authority, { role: "agent", name: "a2" });
  const first = await copy();
  assertEquals([first, warnings], [new Map([["a2.agent.smmp", 2]]), []]);
  // What says the same is the same, so that nobody looks at links for nothing.
  await folders.issue();
  await watch.look();
  assertEquals(watch.credentials().revoked === first, true);
  await revoke(authority, AGENT);
  assertEquals((await copy())?.get("a1.agent.smmp"), 2);
  assertStringIncludes(warnings[0] ?? "", 'Nobody who knows of it lets "a1.agent.smmp" in');
  watch.close();
});
