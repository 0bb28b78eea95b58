import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FrameWriter } from "../../../runtime/sessions/frames/frame_writer.ts";
import {
  type Session,
  SESSION_LIMITS,
  SessionRefusedError,
} from "../../../runtime/sessions/session.ts";
import { TICKET_MS, TicketChecker } from "../../../runtime/tickets/ticket_checker.ts";
import { TicketIssuer } from "../../../runtime/tickets/ticket_issuer.ts";
import { dial, HELLO, request, startServer } from "./session_pair.ts";

const KEY = "the key of instance 7";
const { serviceID: sourceID, sourcePlug, destServiceID } = HELLO;

/** A server of instance 7 that asks for tickets, and a manager that makes them. */
function startChecking() {
  const clock = { ms: 1_000 };
  const nowMs = () => clock.ms;
  const issuer = new TicketIssuer({ nowMs });
  const checker = new TicketChecker({ ticketKey: KEY, serviceID: destServiceID, nowMs });
  const handled: string[] = [];
  const running = startServer((request) => {
    handled.push(new URL(request.url).pathname);
    return new Response("hello");
  }, {
    refusalOf: ({ serviceID: sourceID, sourcePlug }, ticket) =>
      checker.refusalOf(ticket, { sourceID, sourcePlug }),
  });
  const issue = (introduction: Partial<{ sourceID: number; sourcePlug: number }> = {}) =>
    issuer.issue({ sourceID, sourcePlug, destServiceID, ...introduction }, KEY);
  return { ...running, clock, handled, issue };
}

async function helloOf(session: Session): Promise<string> {
  const text = await (await session.fetch(request("/"))).text();
  await session.close();
  return text;
}

Deno.test("serveSessions() lets in whom the manager has introduced", async () => {
  await using running = startChecking();
  assertEquals(await helloOf(await dial(running.port, { ticket: running.issue() })), "hello");
  assertEquals(running.opened, [HELLO]);
});

Deno.test("serveSessions() tells whom it does not let in why, and counts it", async () => {
  await using running = startChecking();
  const { issue, clock, port } = running;
  const used = issue();
  await helloOf(await dial(port, { ticket: used }));
  const old = issue({ sourcePlug: 9 });
  const ofAnother = new TicketIssuer().issue({ sourceID, sourcePlug, destServiceID }, "its key");
  const wrong = "its ticket is not one of the manager for this connection";
  const cases: [string, string | undefined, Partial<typeof HELLO>][] = [
    ["it shows no ticket of the manager", undefined, {}],
    [wrong, "forged", {}],
    [wrong, ofAnother, {}],
    [wrong, issue({ sourceID: 4 }), {}],
    [wrong, issue(), { sourcePlug: 8 }],
    ["this is not instance 8", issue(), { destServiceID: 8 }],
    ["its ticket was used before", used, {}],
    ["its ticket has expired", old, { sourcePlug: 9 }],
  ];
  for (const [reason, ticket, other] of cases) {
    if (ticket === old) clock.ms += 2 * TICKET_MS;
    const hello = { ...HELLO, ...other };
    const error = await assertRejects(() => dial(port, { hello, ticket }), SessionRefusedError);
    assertEquals(error.reason, reason);
  }
  assertEquals(running.refusals, cases.map(([reason]) => reason));
  assertEquals(running.opened.length, 1);
});

Deno.test("serveSessions() handles nothing before it has looked at the ticket", async () => {
  await using running = startChecking();
  for (const ticket of [running.issue(), "forged"]) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: running.port });
    const frames = new FrameWriter();
    frames.hello(HELLO, { ticket });
    frames.request(1, ["GET", "http://counter.mesh/early"], true);
    await connection.write(frames.take());
    const goodbye = await new Response(connection.readable).text();
    assertStringIncludes(goodbye, "a frame before the welcome");
  }
  assertEquals([running.handled, running.opened], [[], []]);
});

Deno.test("serveSessions() lets newcomers in through a flood of silent ones", async () => {
  await using running = startServer(() => new Response("hello"), { handshakeTimeoutMs: 60_000 });
  const before = await dial(running.port);
  const oldest = await Deno.connect({ hostname: "127.0.0.1", port: running.port });
  const goodbye = new Response(oldest.readable).text();
  const silent: Deno.Conn[] = [];
  for (let count = 0; count < SESSION_LIMITS.handshakes + 20; count++) {
    silent.push(await Deno.connect({ hostname: "127.0.0.1", port: running.port }));
  }
  const hello = { ...HELLO, sourcePlug: 8 };
  assertEquals(await helloOf(await dial(running.port, { hello })), "hello");
  assertEquals(await helloOf(before), "hello");
  assertStringIncludes(await goodbye, "newer connections");
  for (const connection of silent) connection.close();
});
