import { assert, assertEquals } from "@std/assert";
import { after, deadline } from "../../transports/timer.ts";

/** Both kinds, which differ in what they cost and how late they may be. */
const TIMERS = { after, deadline } as const;

for (const [name, start] of Object.entries(TIMERS)) {
  Deno.test(`${name}() runs once its time has passed, and not before`, async () => {
    const startedMs = performance.now();
    // Something else must keep the process alive, as whoever waits for a deadline does.
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepting = listener.accept().catch(() => undefined);
    await new Promise<void>((resolve) => void start(1_000, resolve));
    // Clocks of timers are rounded.
    assert(performance.now() - startedMs >= 998);
    listener.close();
    assertEquals(await accepting, undefined);
  });

  Deno.test(`${name}() does not run what was prevented, even at the last moment`, async () => {
    const ran: string[] = [];
    start(1_000, () => ran.push("prevented"))();
    const late = start(1_010, () => ran.push("prevented by another"));
    await new Promise<void>((resolve) => {
      after(1_000, () => {
        late();
        after(200, resolve);
      });
    });
    assertEquals(ran, []);
  });
}
