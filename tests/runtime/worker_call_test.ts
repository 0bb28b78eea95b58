import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  callback,
  transferred,
  WorkerCall,
  WorkerDeadlineError,
  WorkerGoneError,
} from "../../runtime/local/worker_call.ts";
import type { CallsApi } from "./fixtures/calls_worker.ts";

function startWorker(file = "calls_worker.ts"): WorkerCall<CallsApi> {
  const url = new URL(`./fixtures/${file}`, import.meta.url);
  return new WorkerCall<CallsApi>(new Worker(url, { type: "module", name: "calls" }), {
    name: "calls",
    deadlineMs: 60_000,
  });
}

async function withWorker(use: (worker: WorkerCall<CallsApi>) => Promise<void>): Promise<void> {
  const worker = startWorker();
  try {
    await use(worker);
  } finally {
    worker.terminate();
    await worker.ended;
  }
}

Deno.test("WorkerCall calls methods and resolves to what they return", () =>
  withWorker(async (worker) => {
    assertEquals(await worker.call("add", [1, 2]), 3);
    assertEquals(await worker.call("later", ["soon"]), "soon");
    const sums = [...Array(200).keys()].map((index) => worker.call("add", [index, index]));
    assertEquals(await Promise.all(sums), [...Array(200).keys()].map((index) => 2 * index));
  }));

Deno.test("WorkerCall keeps class, name and message of an error of the worker", () =>
  withWorker(async (worker) => {
    const error = await assertRejects(() => worker.call("fail", []), RangeError);
    assertEquals([error.name, error.message], ["RangeError", "Cannot add: too far"]);
    assertStringIncludes(error.stack ?? "", "calls_worker.ts");
    const missing = await assertRejects(() => worker.call("readMissing", []), Deno.errors.NotFound);
    assertEquals(missing.name, "NotFound");
    const own = await assertRejects(() => worker.call("failOwn", []), Error, "Cannot assign");
    assertEquals(own.name, "PlugTakenError");
    assertEquals(await worker.call("add", [1, 1]), 2);
  }));

Deno.test("WorkerCall notices an error in a timer of the worker and rejects what is pending", () =>
  withWorker(async (worker) => {
    const pending = worker.call("hang", []);
    worker.call("throwInTimer", []).catch(() => {}); // Answered or rejected, as the race goes.
    const error = await assertRejects(() => pending, WorkerGoneError, "thrown in a timer");
    assertMatch(error.message, /^Cannot call "hang" of worker "calls": .*calls_worker.ts:\d+\)$/);
    assertEquals(await worker.ended, error.reason);
    await assertRejects(() => worker.call("add", [1, 2]), WorkerGoneError, "thrown in a timer");
  }));

Deno.test("WorkerCall notices an unhandled rejection in the worker", () =>
  withWorker(async (worker) => {
    worker.call("rejectUnhandled", []).catch(() => {}); // As above.
    assertStringIncludes(await worker.ended, "rejected and not handled");
  }));

Deno.test("WorkerCall notices a worker whose module cannot be loaded", async () => {
  const worker = startWorker("no_such_worker.ts");
  const error = await assertRejects(() => worker.call("add", [1, 2]), WorkerGoneError);
  assertEquals(await worker.ended, error.reason);
});

Deno.test("WorkerCall rejects a call at its deadline and says which", () =>
  withWorker(async (worker) => {
    const error = await assertRejects(
      () => worker.call("hang", [], { deadlineMs: 20 }),
      WorkerDeadlineError,
    );
    assertEquals(
      error.message,
      'Cannot call "hang" of worker "calls" within 20 ms: no answer came',
    );
    assertEquals(await worker.call("add", [1, 2]), 3);
  }));

Deno.test("WorkerCall terminates a worker in an endless loop", () =>
  withWorker(async (worker) => {
    assertEquals(await worker.call("add", [1, 2]), 3);
    const first = worker.call("loop", [], { deadlineMs: 50 });
    const second = worker.call("add", [1, 2]);
    await assertRejects(() => first, WorkerDeadlineError, '"loop" of worker "calls"');
    worker.terminate("it does not answer");
    await assertRejects(() => second, WorkerGoneError, "it does not answer");
    assertEquals(await worker.ended, "it does not answer");
  }));

Deno.test("WorkerCall refuses calls once its worker is terminated", async () => {
  const worker = startWorker();
  worker.terminate();
  worker.terminate("twice");
  assertEquals(await worker.ended, "it was terminated");
  await assertRejects(() => worker.call("add", [1, 2]), WorkerGoneError, "it was terminated");
});

Deno.test("WorkerCall bounds the calls that are pending", () =>
  withWorker(async (worker) => {
    const pending = [...Array(1024)].map(() => worker.call("hang", []));
    await assertRejects(() => worker.call("hang", []), WorkerDeadlineError, "calls are pending");
    worker.terminate();
    const results = await Promise.allSettled(pending);
    for (const result of results) {
      assertEquals(result.status, "rejected");
      if (result.status === "rejected") assertInstanceOf(result.reason, WorkerGoneError);
    }
  }));

Deno.test("WorkerCall moves a port to the worker", () =>
  withWorker(async (worker) => {
    const { port1, port2 } = new MessageChannel();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    port2.onmessage = (event) => resolve(event.data);
    await worker.call("listen", [transferred(port1)]);
    port2.postMessage("a word");
    assertEquals(await promise, "heard a word");
    port2.close();
  }));

Deno.test("WorkerCall passes a callback, and closes its port when the worker ends", () =>
  withWorker(async (worker) => {
    const indexes: number[] = [];
    const report = callback((index: number) => indexes.push(index));
    await worker.call("count", [3, report]);
    await worker.call("count", [2, report]);
    assertEquals(indexes, [0, 1, 2, 0, 1]);
  }));

Deno.test("WorkerCall rejects a parameter that cannot be cloned and goes on", () =>
  withWorker(async (worker) => {
    const plain = () => Promise.resolve();
    await assertRejects(() => worker.call("count", [1, plain]), DOMException);
    assertEquals(await worker.call("add", [1, 2]), 3);
  }));
