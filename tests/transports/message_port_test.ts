import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { linkMessagePort } from "../../transports/message_port.ts";
import { End, testLinks } from "./link_conformance.ts";

/** The far port of each end, to put garbage on. */
const farPorts = new WeakMap<End, MessagePort>();

testLinks({
  symbol: "linkMessagePort()",
  connect(left, right, { narrow }) {
    const { port1, port2 } = new MessageChannel();
    const waiting = narrow ? { waitingValuesMax: 1024 } : {};
    left.link = linkMessagePort(port1, { name: "left", ...waiting }, left);
    right.link = linkMessagePort(port2, { name: "right", ...waiting }, right);
    farPorts.set(right, port1);
    return Promise.resolve();
  },
  garbage: (end) => farPorts.get(end)?.postMessage({ neither: "values nor a word" }),
});

Deno.test("linkMessagePort() sends the values of one turn as one message", async () => {
  const { port1, port2 } = new MessageChannel();
  const sender = new End();
  sender.link = linkMessagePort(port1, {}, sender);
  const messages: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  port2.onmessage = (event) => {
    messages.push(event.data);
    if (typeof event.data === "string") resolve();
  };
  sender.link.send(1);
  sender.link.send(2);
  await Promise.resolve();
  sender.link.send(3);
  queueMicrotask(() => sender.link.send(4));
  await new Promise((done) => setTimeout(done, 0));
  sender.link.send(5);
  sender.link.close();
  await promise;
  port2.close();
  assertEquals(messages, [[1, 2, 3, 4], [5], "closed by the other end"]);
});

Deno.test("linkMessagePort() refuses receipts that cannot be", async () => {
  const { port1, port2 } = new MessageChannel();
  const end = new End();
  end.link = linkMessagePort(port1, {}, end);
  for (const receipt of [1, -1, 0.5, NaN]) port2.postMessage(receipt);
  port2.postMessage(null);
  await end.until(() => end.malformations.length === 5);
  port2.postMessage("gone for a test");
  assertStringIncludes(await end.ending(), "gone for a test");
  port2.close();
});

Deno.test("linkMessagePort() refuses a bound that its receipts cannot keep", () => {
  const { port1, port2 } = new MessageChannel();
  assertThrows(
    () => linkMessagePort(port1, { waitingValuesMax: 100 }, new End()),
    RangeError,
    "at least 1024",
  );
  port1.close();
  port2.close();
});
