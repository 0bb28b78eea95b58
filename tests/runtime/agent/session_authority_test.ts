import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { openSessionAuthority } from "../../../runtime/agent/session_authority.ts";

const YEAR_MS = 365 * 24 * 60 * 60 * 1_000;

/** Whether a server with a certificate passes for an instance of an authority. */
async function isTaken(
  pair: { certificate: string; key: string },
  expected: { authority: string; hostname: string },
): Promise<void> {
  const { certificate: cert, key } = pair;
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const accepting = listener.accept();
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const { authority, hostname } = expected;
  using dialled = await Deno.startTls(tcp, { hostname, caCerts: [authority] });
  using accepted = await accepting;
  // What the other end says of it is not what is asked.
  const answered = accepted.handshake().catch(() => {});
  await dialled.handshake();
  await answered;
}

Deno.test("SessionAuthority issues what passes for one instance, and for no other", async () => {
  const authority = await openSessionAuthority();
  const pair = await authority.issue(17);
  await isTaken(pair, { authority: authority.certificate, hostname: "17.instance.smmp" });
  for (const hostname of ["18.instance.smmp", "7.instance.smmp", "127.0.0.1"]) {
    await assertRejects(
      () => isTaken(pair, { authority: authority.certificate, hostname }),
      Error,
      "invalid peer certificate",
    );
  }
});

Deno.test("SessionAuthority of another agent does not count", async () => {
  const pair = await (await openSessionAuthority()).issue(17);
  const other = (await openSessionAuthority()).certificate;
  await assertRejects(
    () => isTaken(pair, { authority: other, hostname: "17.instance.smmp" }),
    Error,
    "invalid peer certificate",
  );
});

Deno.test("openSessionAuthority keeps it for an agent that is started again", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const first = await openSessionAuthority({ folder });
    const again = await openSessionAuthority({ folder });
    assertEquals(again.certificate, first.certificate);
    const hostname = "17.instance.smmp";
    await isTaken(await again.issue(17), { authority: first.certificate, hostname });
    const { mode } = await Deno.stat(`${folder}/sessions.key`);
    assertEquals((mode ?? 0) & 0o777, 0o600);
    const late = await openSessionAuthority({ folder, nowMs: Date.now() + 9.5 * YEAR_MS });
    assertNotEquals(late.certificate, first.certificate, "it ends soon");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
