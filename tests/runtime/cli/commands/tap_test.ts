import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { whileRead } from "../../../../runtime/cli/io.ts";
import { describeEntry, run } from "../../../../runtime/cli/commands/look/tap.ts";
import { TOKEN } from "../../admin/fake_backend.ts";
import { captureIO } from "../captured_io.ts";
import { runWords, type ServedMesh, withServedMesh } from "../served_mesh.ts";

const PLAIN = { columns: Infinity, hasColor: false };
const ENTRY = {
  kind: "message",
  at: "2026-11-25T09:00:00.123Z",
  agent: "local",
  from: "greeter#2",
  to: "manager",
  message: { type: "connectionRequest", messageID: 5, serviceID: 2, destServiceName: "counter" },
};

Deno.test("describeEntry() writes a message as one aligned line, what matters first", () => {
  assertMatch(
    describeEntry(ENTRY, PLAIN),
    /^[\d:]{8}\.123 {2}greeter#2 → manager {5}connectionRequest {8}destService\S+ messageID=5$/,
  );
  const away = {
    ...ENTRY,
    agent: "a1",
    message: { type: "x", status: 503, reason: "no\n\x1b[31m" },
  };
  assertMatch(
    describeEntry(away, PLAIN),
    /greeter#2@a1 → manager +x +status=503 reason="no\\n\\u001b/,
  );
  const list = { ...ENTRY, message: { type: "x", avoid: [...Array(20).fill(123_456), "30 more"] } };
  assertStringIncludes(describeEntry(list, PLAIN), "avoid=[50 entries]");
});

Deno.test("describeEntry() fits a line into a terminal, and paints what failed", () => {
  const long = { ...ENTRY, message: { type: "x", status: 500, reason: "long ".repeat(50) } };
  assertEquals([...describeEntry(long, { columns: 80, hasColor: false })].length, 80);
  assertStringIncludes(describeEntry(long, { columns: 80, hasColor: true }), "\x1b[31mx\x1b[0m");
});

Deno.test("describeEntry() tells how many messages were dropped", () => {
  assertEquals(
    describeEntry({ kind: "dropped", count: 1 }, PLAIN),
    "… 1 message dropped: they came faster than they were read",
  );
});

Deno.test("whileRead() ends what is read when nobody reads what is printed", async () => {
  const io = { isRead: true };
  let isEnded = false;
  async function* numbers() {
    try {
      for (let number = 1;; number += 1) yield await Promise.resolve(number);
    } finally {
      isEnded = true;
    }
  }
  const read: number[] = [];
  for await (const number of whileRead(numbers(), io)) {
    read.push(number);
    io.isRead = number < 3;
  }
  assertEquals([read, isEnded], [[1, 2, 3], true]);
});

/** Runs tap until one line was printed, while a message passes again and again. */
async function tapOnce(mesh: ServedMesh, more: Record<string, unknown> = {}): Promise<string> {
  const passing = setInterval(() => {
    const message = { type: "processData", messageID: 1, serviceID: 2, sourcePlug: 1 } as const;
    mesh.backend.taps.pass({ link: "a", message: { ...message, destPlug: 2 }, isLeaving: false });
  }, 5);
  const captured = captureIO();
  const io = {
    ...captured,
    get isRead() {
      return captured.out === "";
    },
  };
  const none = { service: undefined, kind: undefined, id: undefined, json: false };
  const where = { data: mesh.data, admin: undefined, token: undefined };
  const flags = { ...none, ...where, manager: undefined, tls: undefined, ...more };
  try {
    assertEquals(await run({ kind: "command", command: "tap", arguments: {}, flags }, io), 0);
  } finally {
    clearInterval(passing);
  }
  return captured.out;
}

Deno.test("tap prints messages until nobody reads them any more", async () => {
  await withServedMesh(async (mesh) => {
    assertMatch(
      await tapOnce(mesh),
      /greeter#2@a1 → manager +processData +sourcePlug=1 destPlug=2/,
    );
    const { agent, message } = JSON.parse(await tapOnce(mesh, { json: true, service: "greeter" }));
    assertEquals([agent, message.type, message.destPlug], ["a1", "processData", 2]);
    // The server hears that nobody reads any more.
    while (mesh.backend.taps.areOpen) await new Promise((resolve) => setTimeout(resolve, 1));
  });
});

Deno.test("tap refuses what is no kind, no service and no token, and says what is", async () => {
  await withServedMesh(async ({ run, url }) => {
    const kind = await run("tap --kind conectionRequest");
    assertEquals(kind.code, 1);
    assertStringIncludes(kind.err, 'did you mean "connectionRequest"?');
    assertStringIncludes(
      (await run("tap --service No_Name")).err,
      "expected the name of a service",
    );
    assertEquals((await run("tap --id none")).code, 2);
    const wrong = await runWords(["tap", "--admin", url, "--token", "wrong"]);
    assertEquals(wrong.code, 1);
    const headers = { authorization: `Bearer ${TOKEN}` };
    for (const query of ["kind=nothing", "service=%20", "instance=0", "limit=1", "kind="]) {
      const response = await fetch(`${url}/v1/tap?${query}`, { headers });
      assertEquals([query, response.status], [query, 400]);
      await response.body?.cancel();
    }
    const open = await fetch(`${url}/v1/tap`);
    assertEquals(open.status, 401);
    await open.body?.cancel();
  });
});
