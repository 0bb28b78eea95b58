import { assert, assertEquals } from "@std/assert";
import { SocketChannel } from "../../../runtime/web_sockets/channel.ts";

const MESSAGE = new Uint8Array(100_000);

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let isSettled = false;
  promise.then(() => isSettled = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  return isSettled;
}

Deno.test("SocketChannel.below() waits until enough of what is sent was read", async () => {
  const channel = new SocketChannel();
  assert(await isSettled(channel.below(0)));
  for (let count = 0; count < 3; count += 1) channel.binary(MESSAGE);
  const waiting = channel.below(150_000);
  const reader = channel.outgoing.getReader();
  // A large message leaves in two pieces.
  for (let piece = 0; piece < 3; piece += 1) await reader.read();
  assertEquals(await isSettled(waiting), false);
  await reader.read();
  assert(await isSettled(waiting));
});

Deno.test("SocketChannel.below() waits no more once nothing can be sent", async () => {
  for (const end of ["cancel", "fail"] as const) {
    const channel = new SocketChannel();
    channel.binary(MESSAGE);
    const waiting = channel.below(0);
    assertEquals(await isSettled(waiting), false);
    if (end === "fail") channel.fail(new Error("over"));
    else await channel.outgoing.cancel("over");
    assert(await isSettled(waiting), end);
  }
});
