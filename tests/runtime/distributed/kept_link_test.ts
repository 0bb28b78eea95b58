import { assert, assertEquals } from "@std/assert";
import {
  KeptLink,
  type KeptLinkEvent,
  LASTING_MS,
  RETRY_MS,
  RETRY_MS_MAX,
} from "../../../runtime/distributed/kept_link.ts";
import type { AcceptLink, Link, LinkEvents } from "../../../transports/link.ts";

const QUIET: LinkEvents = { received() {}, malformed() {}, closed() {} };

/** A kept link in a world where time passes only when the test says so. */
class World {
  readonly told: KeptLinkEvent[] = [];
  readonly closed: string[] = [];
  /** What the next dials find: a link, or why there is none. */
  isUp = false;
  /** What chance says. */
  chance = 1;
  nowMs = 0;
  waiting: { delayMs: number; run: () => void } | undefined;
  events: LinkEvents | undefined;
  readonly kept: KeptLink;

  constructor() {
    this.kept = new KeptLink({
      dial: (accept) => this.#dial(accept),
      accept: () => QUIET,
      told: (event) => this.told.push(event),
      random: () => this.chance,
      now: () => this.nowMs,
      after: (delayMs, run) => {
        this.waiting = { delayMs, run };
        return () => this.waiting = undefined;
      },
    });
  }

  #dial(accept: AcceptLink): Promise<Link> {
    if (!this.isUp) return Promise.reject(new Error("nobody listens"));
    const link: Link = {
      name: "fake",
      send() {},
      close: () => void this.closed.push("close"),
      abort: (reason) => void this.closed.push(reason),
    };
    this.events = accept(link);
    return Promise.resolve(link);
  }

  /** Lets the promises of a dial settle. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await null;
  }

  /** Lets the wait pass; returns how long it was. */
  async retry(): Promise<number> {
    const { waiting } = this;
    assert(waiting !== undefined);
    this.waiting = undefined;
    waiting.run();
    await this.settle();
    return waiting.delayMs;
  }
}

Deno.test("KeptLink waits twice as long after each failure, up to a bound", async () => {
  const world = new World();
  world.kept.start();
  await world.settle();
  const waits: number[] = [];
  for (let count = 0; count < 10; count += 1) waits.push(await world.retry());
  assertEquals(waits.slice(0, 4), [RETRY_MS, 2 * RETRY_MS, 4 * RETRY_MS, 8 * RETRY_MS]);
  assertEquals(waits.slice(-2), [RETRY_MS_MAX, RETRY_MS_MAX]);
  assertEquals(world.told[0], { kind: "unreached", reason: "nobody listens", retryMs: RETRY_MS });
});

Deno.test("KeptLink waits a random part of it, so that many do not come at once", async () => {
  const world = new World();
  world.chance = 0;
  world.kept.start();
  await world.settle();
  assertEquals(await world.retry(), 0);
  world.chance = 0.5;
  await world.retry();
  assertEquals(await world.retry(), 2 * RETRY_MS);
});

Deno.test("KeptLink begins with short waits again only after it was taken in to last", async () => {
  const world = new World();
  world.isUp = true;
  world.kept.start();
  await world.settle();
  const waits: number[] = [];
  for (let count = 0; count < 3; count += 1) {
    world.events?.closed("refused");
    waits.push(await world.retry());
  }
  assertEquals(waits, [RETRY_MS, 2 * RETRY_MS, 4 * RETRY_MS]);
  world.kept.confirm();
  world.nowMs = LASTING_MS - 1;
  world.events?.closed("put out by another of its name");
  assertEquals(await world.retry(), 8 * RETRY_MS);
  world.kept.confirm();
  world.nowMs += LASTING_MS;
  world.events?.closed("its process ended");
  assertEquals(await world.retry(), RETRY_MS);
  assertEquals(world.told.at(-2), {
    kind: "ended",
    reason: "its process ended",
    retryMs: RETRY_MS,
  });
});

Deno.test("KeptLink dials no more after it was stopped, and closes what it has", async () => {
  const world = new World();
  world.isUp = true;
  world.kept.start();
  await world.settle();
  world.kept.stop();
  assertEquals(world.closed, ["close"]);
  world.events?.closed("closed at this end");
  assertEquals(world.waiting, undefined);
  const waiting = new World();
  waiting.kept.start();
  await waiting.settle();
  waiting.kept.stop();
  assertEquals(waiting.waiting, undefined);
});

Deno.test("KeptLink closes a link that came after it was stopped", async () => {
  const world = new World();
  world.isUp = true;
  world.kept.start();
  world.kept.stop();
  await world.settle();
  assert(world.closed.length > 0);
});
