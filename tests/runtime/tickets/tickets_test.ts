import { assertEquals, assertMatch } from "@std/assert";
import { LIMITS } from "../../../protocol/limits.ts";
import { TICKET_MS, TicketChecker } from "../../../runtime/tickets/ticket_checker.ts";
import { createTicketClock } from "../../../runtime/tickets/ticket_clock.ts";
import { TicketIssuer } from "../../../runtime/tickets/ticket_issuer.ts";

const KEY = "the key of instance 7";
const HOUR_MS = 3_600_000;

/** A manager, an instance 7 and the clocks of both, which begin at any time. */
function world() {
  const clocks = { managerMs: 5_000, instanceMs: 900_000 };
  const nowMs = () => clocks.managerMs;
  let issuer = new TicketIssuer({ nowMs });
  const checker = new TicketChecker({
    ticketKey: KEY,
    serviceID: 7,
    nowMs: () => clocks.instanceMs,
  });
  return {
    clocks,
    pass(ms: number) {
      clocks.managerMs += ms;
      clocks.instanceMs += ms;
    },
    restartManager(atMs: number) {
      clocks.managerMs = atMs;
      issuer = new TicketIssuer({ nowMs });
    },
    issue: (sourceID: number, sourcePlug: number, destServiceID = 7, key = KEY) =>
      issuer.issue({ sourceID, sourcePlug, destServiceID }, key),
    show: (ticket: string, sourceID: number, sourcePlug: number) =>
      checker.refusalOf(ticket, { sourceID, sourcePlug }),
  };
}

const NOT_FOR_IT = "its ticket is not one of the manager for this connection";
const EXPIRED = "its ticket has expired";
const USED = "its ticket was used before";

Deno.test("TicketChecker takes a ticket of the manager for this connection", async () => {
  const { issue, show } = world();
  assertEquals(await show(issue(3, 1), 3, 1), undefined);
});

Deno.test("TicketChecker refuses no ticket, garbage, and a forged one", async () => {
  const { issue, show } = world();
  const ticket = issue(3, 1);
  const forged = ticket.slice(0, -2) + (ticket.endsWith("AA") ? "BA" : "AA");
  assertEquals(await show("", 3, 1), "it shows no ticket of the manager");
  for (const bad of ["garbage", forged, `${ticket}0`, ticket.replace(".5000.", ".5001.")]) {
    assertEquals(await show(bad, 3, 1), NOT_FOR_IT);
  }
  assertEquals(await show(ticket, 3, 1), undefined);
});

Deno.test("TicketChecker refuses what is for another source, plug or destination", async () => {
  const { issue, show } = world();
  assertEquals(await show(issue(4, 1), 3, 1), NOT_FOR_IT);
  assertEquals(await show(issue(3, 2), 3, 1), NOT_FOR_IT);
  assertEquals(await show(issue(3, 1, 8), 3, 1), NOT_FOR_IT);
  assertEquals(await show(issue(3, 1, 7, "another key"), 3, 1), NOT_FOR_IT);
});

Deno.test("TicketChecker opens one session for each plug, also by two tickets", async () => {
  const { issue, show } = world();
  const [one, other] = [issue(3, 1), issue(3, 1)];
  const both = await Promise.all([show(one, 3, 1), show(one, 3, 1)]);
  assertEquals(both.sort(), [USED, undefined]);
  assertEquals(await show(other, 3, 1), USED);
  assertEquals(await show(issue(3, 2), 3, 2), undefined);
});

Deno.test("TicketChecker takes fresh tickets in any order, and no old one", async () => {
  const { issue, show, pass } = world();
  const [early, late] = [issue(3, 1), issue(3, 2)];
  assertEquals(await show(issue(3, 3), 3, 3), undefined);
  pass(TICKET_MS - 1_000);
  assertEquals(await show(early, 3, 1), undefined);
  pass(2_000);
  assertEquals(await show(late, 3, 2), EXPIRED);
  assertEquals(await show(issue(3, 4), 3, 4), undefined);
});

Deno.test("TicketChecker lets an unused ticket expire though no other one comes", async () => {
  const { issue, show, pass } = world();
  assertEquals(await show(issue(3, 1), 3, 1), undefined);
  const hoarded = issue(3, 2);
  pass(2 * TICKET_MS);
  assertEquals(await show(hoarded, 3, 2), EXPIRED);
});

Deno.test("TicketChecker finds no fresh ticket old, in weeks of clocks that differ", async () => {
  const { clocks, issue, show } = world();
  for (let hour = 1; hour < 24 * 30; hour++) {
    assertEquals(await show(issue(3, hour), 3, hour), undefined);
    // This host is fast by half a second in an hour; that of the manager sleeps now and then.
    clocks.instanceMs += HOUR_MS + 500;
    clocks.managerMs += HOUR_MS * (hour % 10 === 0 ? 3 : 1);
  }
});

Deno.test("TicketChecker takes tickets of a manager that starts again at any time", async () => {
  const { clocks, issue, show, restartManager } = world();
  const unused = issue(3, 2);
  assertEquals(await show(issue(3, 1), 3, 1), undefined);
  for (const atMs of [0, 10 * HOUR_MS, 5]) {
    clocks.instanceMs += HOUR_MS;
    restartManager(atMs);
    const ticket = issue(3, 1);
    assertEquals(await show(ticket, 3, 1), undefined);
    assertEquals(await show(ticket, 3, 1), USED);
  }
  assertEquals(await show(unused, 3, 2), EXPIRED);
});

Deno.test("TicketChecker forgets used tickets, but takes none of them", async () => {
  const { clocks, issue, show } = world();
  const first = issue(3, 1);
  assertEquals(await show(first, 3, 1), undefined);
  clocks.managerMs += 1;
  const many = Array.from({ length: 10_001 }, (_, index) => index + 2);
  const refusals = await Promise.all(many.map((plug) => show(issue(3, plug), 3, plug)));
  assertEquals(refusals.filter((refusal) => refusal !== undefined), []);
  assertEquals(await show(first, 3, 1), EXPIRED);
});

Deno.test("TicketIssuer writes tickets that fit into a message, and differ in each run", () => {
  const one = new TicketIssuer({ nowMs: () => 999_999_999_999_999 });
  const huge = Number.MAX_SAFE_INTEGER;
  const introduction = { sourceID: huge, sourcePlug: huge, destServiceID: huge };
  const ticket = one.issue(introduction, KEY);
  assertMatch(ticket, /^[\w.-]+$/);
  assertEquals(ticket.length <= LIMITS.tokenCharacters, true);
  assertEquals(ticket === new TicketIssuer({ nowMs: () => 1 }).issue(introduction, KEY), false);
});

Deno.test("createTicketClock never goes back, and does not miss what a host slept", () => {
  const clocks = { wall: 1_000_000, steady: 50 };
  const nowMs = createTicketClock({ wallMs: () => clocks.wall, steadyMs: () => clocks.steady });
  const after = (wall: number, steady: number) => {
    clocks.wall += wall;
    clocks.steady += steady;
    return nowMs();
  };
  assertEquals(after(10, 10), 10);
  assertEquals(after(1, 0.4), 11, "inaccuracy is no sleep");
  assertEquals(after(-HOUR_MS, 90), 101, "the clock on the wall was set back");
  assertEquals(after(HOUR_MS, 10), 101 + HOUR_MS, "the host slept");
});
