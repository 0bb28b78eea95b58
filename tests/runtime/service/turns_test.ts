import { assert, assertEquals } from "@std/assert";
import { inTurns } from "../../../runtime/service/turns.ts";

function request(path: string): Request {
  return new Request(`http://greeter.mesh${path}`);
}

/** Answers with its path; `/long` keeps the event loop for a while, `/bad` fails. */
function handler({ url }: Request): Response {
  const { pathname } = new URL(url);
  const untilMs = performance.now() + 60;
  if (pathname === "/long") { while (performance.now() < untilMs); }
  if (pathname === "/bad") throw new Error("bad");
  return new Response(pathname);
}

Deno.test("inTurns() calls a handler at once while none takes long, also one that fails", () => {
  const handle = inTurns(handler);
  assert(handle(request("/a")) instanceof Response);
  assert(handle(request("/b")) instanceof Response);
  let thrown: unknown;
  try {
    handle(request("/bad"));
  } catch (error) {
    thrown = error;
  }
  assertEquals(String(thrown), "Error: bad");
});

Deno.test("inTurns() lets the event loop turn after a handler that took long", async () => {
  const handle = inTurns(handler);
  const order: string[] = [];
  // Two turns can't be seen by one timer: it would come after both if they were one.
  const timer = new Promise<void>((resolve) => {
    setTimeout(() => {
      order.push("timer");
      resolve();
    }, 0);
  });
  const note = async (path: string) => {
    order.push(await (await handle(request(path))).text());
  };
  await Promise.all([timer, note("/long"), note("/long"), note("/a"), note("/b")]);
  assert(order.indexOf("timer") < 2, order.join());
  assertEquals(order.filter((one) => one !== "timer"), ["/long", "/long", "/a", "/b"]);
});
