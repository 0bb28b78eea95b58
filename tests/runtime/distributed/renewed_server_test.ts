import { assert, assertEquals } from "@std/assert";
import { createAuthority, issueInto } from "../../../runtime/certificates/authority.ts";
import { loadCredentials } from "../../../runtime/certificates/loading.ts";
import { RenewedServer } from "../../../runtime/distributed/renewed_server.ts";
import type { Credentials } from "../../../transports/secure/identity.ts";

/** Makes an authority, and a certificate of it for the loopback. */
async function issue(folder: string, authority: string): Promise<Credentials> {
  await createAuthority(`${folder}/${authority}`);
  const identity = { role: "manager", name: "manager" } as const;
  const hosts = ["127.0.0.1"];
  await issueInto(`${folder}/of-${authority}`, {
    authority: `${folder}/${authority}`,
    identity,
    hosts,
  });
  return await loadCredentials(`${folder}/of-${authority}`);
}

/** Asks until it is answered: for a moment nobody listens, or still the one before. */
async function ask(url: string, client: Deno.HttpClient): Promise<string> {
  const endMs = performance.now() + 30_000;
  for (;;) {
    try {
      return await (await fetch(url, { client })).text();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}

Deno.test("RenewedServer uses another certificate, and answers what was in flight", async () => {
  const folder = await Deno.makeTempDir();
  const [first, second] = [await issue(folder, "first"), await issue(folder, "second")];
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const place = { hostname: "127.0.0.1", port: 0, what: "the test", flag: "--port" };
  const warnings: string[] = [];
  const server = new RenewedServer(
    { ...place, credentials: first, warn: (text) => warnings.push(text) },
    {
      async fetch(request) {
        if (!request.url.endsWith("/held")) return new Response("quick");
        arrived.resolve();
        await held.promise;
        return new Response("held");
      },
    },
  );
  const url = `https://127.0.0.1:${server.port}`;
  using before = Deno.createHttpClient({ caCerts: [first.authority] });
  using after = Deno.createHttpClient({ caCerts: [second.authority] });
  assertEquals(await ask(url, before), "quick");
  const waiting = ask(`${url}/held`, before);
  await arrived.promise;
  server.renew(second);
  assertEquals(await ask(url, after), "quick");
  held.resolve();
  assertEquals(await waiting, "held");
  await server.close();
  assertEquals(warnings, []);
  assert(await fetch(url, { client: after }).then(() => false, () => true), "it still listens");
  await Deno.remove(folder, { recursive: true });
});
