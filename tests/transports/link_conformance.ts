/**
 * What every transport must do, as tests. A test file of a transport calls `testLinks`.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import type { Link, LinkEvents } from "../../transports/link.ts";

/** One end of a link in a test, and all that it was told. */
export class End implements LinkEvents {
  readonly values: unknown[] = [];
  readonly malformations: string[] = [];
  readonly endings: string[] = [];
  /** Called for each value, after it was added to `values`. */
  onReceived: (value: unknown) => void = () => {};
  /** Whether an event came after the last one. */
  late = false;
  #wake = Promise.withResolvers<void>();
  #link: Link | undefined;

  get link(): Link {
    assert(this.#link, "the end has no link yet");
    return this.#link;
  }

  set link(link: Link) {
    this.#link = link;
  }

  received(value: unknown): void {
    this.values.push(value);
    this.onReceived(value);
    this.#tell();
  }

  malformed(reason: string): void {
    this.malformations.push(reason);
    this.#tell();
  }

  closed(reason: string): void {
    this.#tell();
    this.endings.push(reason);
  }

  /** Resolves when the condition holds, which is looked at after each event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#wake.promise;
  }

  /** Resolves to the reason why the link ended. */
  async ending(): Promise<string> {
    await this.until(() => this.endings.length > 0);
    return this.endings[0] ?? "";
  }

  #tell(): void {
    if (this.endings.length > 0) this.late = true;
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** How to link two ends by the transport under test. */
export interface LinksUnderTest {
  /** The name of what makes the links, with which the names of the tests begin. */
  symbol: string;
  /** Links the two ends. With `narrow`, the sending bounds are the lowest that are allowed. */
  connect(left: End, right: End, options: { narrow: boolean }): Promise<void>;
  /** Makes the other end's peer send something that cannot be decoded, where that is possible. */
  garbage?: (end: End) => void | Promise<void>;
}

async function withPair(
  links: LinksUnderTest,
  use: (left: End, right: End) => Promise<void>,
  narrow = false,
): Promise<void> {
  const [left, right] = [new End(), new End()];
  await links.connect(left, right, { narrow });
  try {
    await use(left, right);
  } finally {
    left.link.close();
    right.link.close();
    await Promise.all([left.ending(), right.ending()]);
    await nextTurn();
  }
  for (const end of [left, right]) {
    assertEquals(end.endings.length, 1, "an end is closed exactly once");
    assert(!end.late, "closed is the last event");
  }
}

/** What a link still had to say would come within a turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Defines the tests of one transport. */
export function testLinks(links: LinksUnderTest): void {
  const test = (
    name: string,
    use: (left: End, right: End) => Promise<void>,
    options: { narrow?: boolean } = {},
  ) => Deno.test(`${links.symbol} ${name}`, () => withPair(links, use, options.narrow));

  defineDelivery(test);
  defineEndings(test);
  test("breaks with a reason when more waits than its bound", async (left, right) => {
    for (let index = 0; index < 20_000; index++) left.link.send({ index, text: "x".repeat(100) });
    assertEquals(left.endings, [], "no event fires inside send");
    assertStringIncludes(await left.ending(), "waiting");
    await right.ending();
    assertLess(right.values.length, 20_000);
  }, { narrow: true });
  test("breaks with a reason when a value cannot be encoded", async (left, right) => {
    left.link.send({ answer: () => 42 });
    left.link.send(Symbol("nothing"));
    assertStringIncludes(await left.ending(), "Cannot send a value");
    await right.ending();
  });
  const { garbage } = links;
  if (garbage === undefined) return;
  test("tells of garbage and goes on", async (left, right) => {
    left.link.send(1);
    await right.until(() => right.values.length === 1);
    await garbage(right);
    await right.until(() => right.malformations.length === 1);
    right.link.send(2);
    await left.until(() => left.values.length === 1);
    left.link.send(3);
    await right.until(() => right.values.length === 2);
    assertEquals(right.values, [1, 3]);
  });
}

type DefineTest = (
  name: string,
  use: (left: End, right: End) => Promise<void>,
) => void;

function defineDelivery(test: DefineTest): void {
  test("delivers values in order in both directions", async (left, right) => {
    for (let index = 0; index < 100; index++) {
      left.link.send({ type: "left", index });
      right.link.send({ type: "right", index });
      if (index % 10 === 0) await nextTurn();
    }
    await Promise.all([
      right.until(() => right.values.length === 100),
      left.until(() => left.values.length === 100),
    ]);
    const indexes = [...Array(100).keys()];
    assertEquals(right.values, indexes.map((index) => ({ type: "left", index })));
    assertEquals(left.values, indexes.map((index) => ({ type: "right", index })));
  });

  test("delivers 50,000 values, none lost and none twice", async (left, right) => {
    for (let index = 0; index < 50_000; index++) left.link.send(index);
    await right.until(() => right.values.length === 50_000);
    assert(right.values.every((value, index) => value === index));
  });

  test("delivers more values in the long run than may wait", async (left, right) => {
    let sent = 0;
    right.onReceived = (value) => right.link.send(value);
    left.onReceived = () => sendOne();
    const sendOne = () => {
      if (sent < 150_000) left.link.send(sent++);
    };
    for (let index = 0; index < 500; index++) sendOne();
    await left.until(() => left.values.length === 150_000);
    assertEquals(left.values.at(-1), 149_999);
  });

  test("delivers a big value whole", async (left, right) => {
    const big = { text: "ä€😀\n".repeat(80_000), list: [...Array(10_000).keys()] };
    left.link.send(big);
    left.link.send("after");
    await right.until(() => right.values.length === 2);
    assertEquals(right.values, [big, "after"]);
  });

  test("shares no memory between its ends", async (left, right) => {
    const value = { plugs: [1] };
    left.link.send(value);
    await right.until(() => right.values.length === 1);
    value.plugs.push(2);
    assertEquals(right.values, [{ plugs: [1] }]);
  });

  test("delivers what is sent from inside an event", async (left, right) => {
    right.onReceived = (value) => {
      if (typeof value === "number" && value < 50) right.link.send(value + 1);
    };
    left.onReceived = (value) => left.link.send(value);
    left.link.send(0);
    await left.until(() => left.values.length === 50);
    assertEquals(left.values.at(-1), 50);
  });
}

function defineEndings(test: DefineTest): void {
  test("delivers what was sent before close", async (left, right) => {
    for (let index = 0; index < 10_000; index++) left.link.send(index);
    left.link.close();
    assertEquals(await right.ending(), "closed by the other end");
    assertEquals(right.values.length, 10_000);
    assertEquals(await left.ending(), "closed at this end");
  });

  test("ends both ends when both close at once", async (left, right) => {
    left.link.send(1);
    right.link.send(2);
    left.link.close();
    right.link.close();
    await Promise.all([left.ending(), right.ending()]);
  });

  test("ends at once on abort, with its reason", async (left, right) => {
    right.link.send("dropped");
    right.link.abort("the test is over");
    right.link.abort("twice");
    assertEquals(right.endings, [], "no event fires inside abort");
    assertEquals(await right.ending(), "the test is over");
    await left.ending();
    assertEquals(left.values, []);
  });

  test("delivers nothing after an abort from inside an event", async (left, right) => {
    right.onReceived = (value) => {
      if (value === 5) right.link.abort("enough");
    };
    for (let index = 0; index < 10; index++) left.link.send(index);
    assertEquals(await right.ending(), "enough");
    assertEquals(right.values, [0, 1, 2, 3, 4, 5]);
    await left.ending();
  });

  test("takes calls after its end and does nothing", async (left, right) => {
    left.link.close();
    await Promise.all([left.ending(), right.ending()]);
    for (const { link } of [left, right]) {
      link.send(1);
      link.close();
      link.abort("late");
      link.send({ answer: () => 42 });
    }
    await nextTurn();
    assertEquals([left.values, right.values], [[], []]);
  });
}
