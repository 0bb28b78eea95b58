import { assert, assertEquals, assertRejects } from "@std/assert";
import { acceptTunnel } from "../../../runtime/tcp/accept.ts";
import { type OpenedTunnel, openTunnel } from "../../../runtime/tcp/open.ts";
import { Tunnel, type TunnelConnection } from "../../../runtime/tcp/tunnel.ts";
import { type RunningSession, startSession } from "../sessions/session_pair.ts";

/** A connection whose other end the test plays. */
class FakeConnection implements TunnelConnection {
  readonly written: string[] = [];
  readonly ended: Promise<string>;
  /** How much was read of it. */
  readBytes = 0;
  /** Settles each write; undefined: at once. */
  takes: Promise<void> | undefined;
  readonly #end: (how: string) => void;
  readonly #says: (Uint8Array | Error | null)[] = [];
  #wake = () => {};

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** Says a text, ends with null, breaks with an error. */
  say(what: string | Error | null): void {
    this.#says.push(typeof what === "string" ? new TextEncoder().encode(what) : what);
    this.#wake();
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#says.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    const next = this.#says.shift();
    if (next instanceof Error) throw next;
    if (next === null || next === undefined) return null;
    into.set(next.subarray(0, into.length));
    if (next.length > into.length) this.#says.unshift(next.subarray(into.length));
    const count = Math.min(next.length, into.length);
    this.readBytes += count;
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.takes;
    this.written.push(new TextDecoder().decode(bytes));
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.written.push("<end>");
    return Promise.resolve();
  }

  close(): void {
    this.say(new Error("closed"));
    this.#end(this.written.join(""));
  }
}

/** Two connections with a tunnel between them. */
interface Joined extends AsyncDisposable {
  readonly client: FakeConnection;
  readonly program: FakeConnection;
  readonly tunnel: Tunnel;
  readonly session: RunningSession;
}

async function join(connect?: () => Promise<TunnelConnection>): Promise<Joined> {
  const client = new FakeConnection();
  const program = new FakeConnection();
  const session: RunningSession = await startSession((request) =>
    acceptTunnel(request, {
      connect: connect ?? (() => Promise.resolve(program)),
      leaving: session.handles[0]?.leaving,
    })
  );
  const tunnel = new Tunnel(client, { of: "client" });
  const opened = await open(session, (until) => tunnel.outgoing(until));
  if ("incoming" in opened) void tunnel.receive(opened.incoming);
  return {
    client,
    program,
    tunnel,
    session,
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

function open(
  { session }: Pick<RunningSession, "session">,
  outgoing: (opened: Promise<void>) => ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<OpenedTunnel> {
  return openTunnel({
    service: "cache",
    exchange: (_service, request, { left }) => session.exchange(request, () => void left?.()),
    outgoing,
    signal: new AbortController().signal,
  });
}

Deno.test("Tunnel carries both directions, and each of them ends by itself", async () => {
  await using joined = await join();
  const { client, program, tunnel } = joined;
  program.say("hello ");
  program.say("you");
  program.say(null);
  client.say("so it is");
  client.say(null);
  await tunnel.ended;
  assertEquals(await client.ended, "hello you<end>");
  assertEquals(await program.ended, "so it is<end>");
  assertEquals(joined.session.session.inFlight, 0);
});

Deno.test("Tunnel closes one connection when the other one breaks", async () => {
  for (const breaks of ["client", "program"] as const) {
    await using joined = await join();
    const { client, program } = joined;
    client.say("first");
    while (program.written.length === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    joined[breaks].say(new Error("reset"));
    assertEquals(await program.ended, "first");
    await client.ended;
    assertEquals(joined.session.failures, []);
  }
});

Deno.test("Tunnel closes both connections when the session is cut", async () => {
  await using joined = await join();
  joined.session.session.abort("it is cut");
  await Promise.all([joined.client.ended, joined.program.ended]);
});

Deno.test("Tunnel reads a connection no faster than the other one takes it", async () => {
  await using joined = await join();
  const { client, program, session } = joined;
  const { promise: takes, resolve: take } = Promise.withResolvers<void>();
  client.takes = takes;
  const total = 8 * 1_048_576;
  program.say("x".repeat(total));
  program.say(null);
  client.say(null);
  // It reads until nothing more is taken; then ever more turns move nothing.
  for (let [before, same] = [-1, 0]; same < 50;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    same = program.readBytes === before && before > 0 ? same + 1 : 0;
    before = program.readBytes;
  }
  assert(program.readBytes < 1_048_576, `${program.readBytes} bytes were read`);
  assert(session.server.bufferedBytes + session.session.bufferedBytes < 1_048_576);
  take();
  assertEquals((await client.ended).length, total + "<end>".length);
});

Deno.test("Tunnel ends softly: when it is quiet, later while an answer is awaited", async () => {
  await using quiet = await join();
  quiet.program.say("an answer");
  while (quiet.client.written.length === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  const sinceMs = performance.now();
  const closed = quiet.session.handles[0]?.close();
  assertEquals(await quiet.client.ended, "an answer<end>");
  const quietMs = performance.now() - sinceMs;
  await closed;
  await using asked = await join();
  asked.client.say("a question");
  while (asked.program.written.length === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  asked.tunnel.leave();
  asked.program.say("its answer");
  assertEquals(await asked.client.ended, "its answer");
  assert(quietMs < 2_000, `${quietMs}`);
});

Deno.test("Tunnel that is never quiet ends with an answer, and loses none", async () => {
  await using joined = await join();
  const { client, program, tunnel } = joined;
  let isOver = false;
  const talk = async () => {
    for (let n = 0; !isOver; n += 1) {
      client.say("question");
      while (!isOver && program.written.length <= n) await new Promise((go) => setTimeout(go, 1));
      program.say("answer");
      while (!isOver && client.written.length <= n) await new Promise((go) => setTimeout(go, 1));
    }
  };
  const talked = talk();
  const closed = joined.session.handles[0]?.close();
  await tunnel.ended;
  isOver = true;
  await Promise.all([talked, closed]);
  const answers = client.written.filter((text) => text === "answer");
  assert(answers.length > 10);
  assertEquals(client.written.at(-1), "<end>");
  assertEquals(answers.length, program.written.length);
});

Deno.test("openTunnel() tells why there is none", async () => {
  const refuse = () => Promise.reject(new Error("it is full"));
  await using session: RunningSession = await startSession((request) =>
    acceptTunnel(request, { connect: refuse, leaving: undefined })
  );
  const outgoing = () => new ReadableStream<Uint8Array<ArrayBuffer>>();
  const why = "Cannot open a connection: the program does not accept it: it is full";
  assertEquals(await open(session, outgoing), { refusal: why });
  await using http: RunningSession = await startSession(() => new Response("hi"));
  assertEquals(await open(http, outgoing), {
    refusal: "Cannot open a connection: the service answered 200",
  });
});

Deno.test("openTunnel() asks again when a session ends, and nothing is lost", async () => {
  await using joined = await join();
  const client = new FakeConnection();
  client.say("kept");
  client.say(null);
  const tunnel = new Tunnel(client, { of: "client" });
  let attempts = 0;
  const opened = await openTunnel({
    service: "cache",
    async exchange(_service, request, { left }) {
      attempts += 1;
      if (attempts === 3) return await joined.session.session.exchange(request);
      await request.body?.cancel("the session broke");
      left?.();
      return new Response(null, { status: attempts === 1 ? 502 : 503 });
    },
    outgoing: (until) => tunnel.outgoing(until),
    signal: new AbortController().signal,
  });
  assert("incoming" in opened);
  void tunnel.receive(opened.incoming);
  while (!joined.program.written.includes("<end>")) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(joined.program.written, ["kept", "<end>"]);
  tunnel.end();
});

Deno.test("openTunnel() does not ask again without a session, or when nobody waits", async () => {
  let attempts = 0;
  const options = {
    service: "cache",
    exchange() {
      attempts += 1;
      return Promise.resolve(new Response(null, { status: 503 }));
    },
    outgoing: () => new ReadableStream<Uint8Array<ArrayBuffer>>(),
  };
  const { signal } = new AbortController();
  const refusal = "Cannot open a connection: the service answered 503";
  assertEquals(await openTunnel({ ...options, signal }), { refusal });
  assertEquals(attempts, 1);
  const gone = AbortSignal.abort(new Error("gone"));
  const broken = (_service: string, _request: unknown, { left }: { left?: () => boolean }) => {
    left?.();
    return Promise.resolve(new Response(null, { status: 503 }));
  };
  await assertRejects(
    () => openTunnel({ ...options, exchange: broken, signal: gone }),
    Error,
    "gone",
  );
});
