import { type DialOptions, dialSession } from "../../../runtime/sessions/dial.ts";
import { type ServeOptions, serveSessions } from "../../../runtime/sessions/serve.ts";
import type {
  Session,
  SessionEnd,
  SessionHandle,
  SessionHandler,
  SessionHello,
  SessionServer,
} from "../../../runtime/sessions/session.ts";

/** The hello of every test that does not care. */
export const HELLO: SessionHello = { serviceID: 3, sourcePlug: 20_003, destServiceID: 7 };

/** A server on a port of its own, and all that it told. */
export interface RunningServer extends AsyncDisposable {
  readonly server: SessionServer;
  readonly port: number;
  readonly failures: unknown[];
  readonly refusals: string[];
  readonly opened: SessionHello[];
  readonly closed: SessionEnd[];
  /** The accepting ends, in the order of their opening. */
  readonly handles: SessionHandle[];
}

/** Starts a server of instance 7. */
export function startServer(
  handler: SessionHandler,
  options: Partial<Omit<ServeOptions, "serviceID" | "handler" | "events">> = {},
): RunningServer {
  const { listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }) } = options;
  const failures: unknown[] = [];
  const refusals: string[] = [];
  const opened: SessionHello[] = [];
  const closed: SessionEnd[] = [];
  const handles: SessionHandle[] = [];
  const server = serveSessions({
    ...options,
    listener,
    serviceID: HELLO.destServiceID,
    handler,
    events: {
      opened(hello, handle) {
        opened.push(hello);
        handles.push(handle);
      },
      closed: (_hello, end) => closed.push(end),
      refused: (reason) => refusals.push(reason),
      failed: (error) => failures.push(error),
    },
  });
  return {
    server,
    port: listener.addr.port,
    failures,
    refusals,
    opened,
    closed,
    handles,
    async [Symbol.asyncDispose]() {
      server.abort("the test is over");
      await server.ended;
    },
  };
}

/** A server, and one session to it. */
export interface RunningSession extends RunningServer {
  readonly session: Session;
}

/** Starts a server of instance 7 and dials it. */
export async function startSession(handler: SessionHandler): Promise<RunningSession> {
  const running = startServer(handler);
  const session = await dial(running.port);
  return {
    ...running,
    session,
    async [Symbol.asyncDispose]() {
      session.abort("the test is over");
      await session.ended;
      await running[Symbol.asyncDispose]();
    },
  };
}

/** Dials a port of this machine. */
export function dial(port: number, options: Partial<DialOptions> = {}): Promise<Session> {
  return dialSession({ hostname: "127.0.0.1", port, hello: HELLO, ...options });
}

/** A GET of a path, or what the init says. */
export function request(path: string, init?: RequestInit): Request {
  return new Request(`http://counter.mesh${path}`, init);
}

/** A text in bytes of the kind that the body of a request may have. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}

/** A stream of so many bytes in pieces, which counts what has been taken from it. */
export function countedStream(
  bytes: number,
  pieceBytes: number,
): { stream: ReadableStream<Uint8Array<ArrayBuffer>>; produced(): number } {
  let produced = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (produced === bytes) return controller.close();
      const piece = new Uint8Array(pieceBytes);
      new DataView(piece.buffer).setUint32(0, produced);
      produced += pieceBytes;
      controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
  return { stream, produced: () => produced };
}
