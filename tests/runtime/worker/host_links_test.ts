import { assertEquals } from "@std/assert";
import { listenForHosts } from "../../../runtime/worker/host_links.ts";
import { dialTcp } from "../../../transports/tcp.ts";

const NOTHING = { received() {}, malformed() {}, closed() {} };

Deno.test("listenForHosts() lets a process in among any number of silent strangers", async () => {
  const attached = Promise.withResolvers<unknown>();
  const ended: string[] = [];
  const allEnded = Promise.withResolvers<void>();
  const listener = listenForHosts((token, link) => {
    if (token !== "secret") return undefined;
    link.send({ type: "end", workerID: 1 });
    return { ...NOTHING, received: attached.resolve };
  });
  const dial = (closed: (reason: string) => void, received: (value: unknown) => void = () => {}) =>
    dialTcp({ port: listener.port }, () => ({ ...NOTHING, closed, received }));
  const strangers = [];
  for (let count = 0; count < 300; count += 1) {
    strangers.push(
      await dial((reason) => {
        if (ended.push(reason) === 301) allEnded.resolve();
      }),
    );
  }
  const ordered = Promise.withResolvers<unknown>();
  const host = await dial(() => {}, ordered.resolve);
  host.send({ type: "workerHost", token: "secret" });
  assertEquals(await ordered.promise, { type: "end", workerID: 1 });
  host.send("a report");
  assertEquals(await attached.promise, "a report");
  const liar = await dial((reason) => {
    if (ended.push(reason) === 301) allEnded.resolve();
  });
  liar.send({ type: "workerHost", token: "another" });
  for (const link of strangers) link.close();
  await allEnded.promise;
  host.close();
  listener.close();
});
