import { assertEquals, assertRejects } from "@std/assert";
import {
  type RequestParts,
  SessionBrokenError,
  TUNNEL_METHOD,
} from "../../../runtime/sessions/session.ts";
import { bytesOf, startSession } from "./session_pair.ts";

/** A body that the test writes piece by piece. */
function pipe() {
  return new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
}

function tunnel(body: ReadableStream<Uint8Array<ArrayBuffer>>): RequestParts {
  return { method: TUNNEL_METHOD, url: "http://a.mesh/", headers: [], body };
}

Deno.test("exchange() of a tunnel goes on after the response has ended", async () => {
  const { promise: heard, resolve } = Promise.withResolvers<string>();
  await using running = await startSession((request) => {
    void new Response(request.body).text().then(resolve);
    return new Response(new Blob(["all that I say"]).stream());
  });
  const { readable, writable } = pipe();
  const writer = writable.getWriter();
  const response = await running.session.exchange(tunnel(readable));
  assertEquals(await response.text(), "all that I say");
  await writer.write(bytesOf("still "));
  assertEquals([running.session.inFlight, running.server.inFlight], [1, 1]);
  await writer.write(bytesOf("there"));
  await writer.close();
  assertEquals(await heard, "still there");
  await running.session.close();
  assertEquals(running.failures, []);
});

Deno.test("exchange() of a tunnel ends when its request is wanted no more", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  await using running = await startSession((request) => {
    void request.body?.cancel("enough");
    return new Response(new ReadableStream({ start: (controller) => controller.close() }));
  });
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: () => resolve() });
  const response = await running.session.exchange(tunnel(endless));
  assertEquals(await response.text(), "");
  await cancelled;
  await running.session.close();
  assertEquals(running.server.inFlight, 0);
});

Deno.test("exchange() of a tunnel that breaks is no failure of the handler", async () => {
  await using running = await startSession(() => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(bytesOf("some")),
      pull: (controller) => controller.error(new Error("reset")),
    });
    return new Response(body);
  });
  const { readable } = pipe();
  const response = await running.session.exchange(tunnel(readable));
  await assertRejects(() => response.text(), SessionBrokenError);
  assertEquals(running.session.inFlight, 0);
  assertEquals(running.failures, []);
});
