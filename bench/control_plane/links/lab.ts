/**
 * Two links to one other process, one by plain TCP and one by TLS with certificates.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { issueCertificate, makeAuthority } from "../../../runtime/certificates/issuing.ts";
import { readLines } from "../../../runtime/launcher/output_lines.ts";
import type { AcceptLink, Link } from "../../../transports/link.ts";
import { dialSecure } from "../../../transports/secure/dialler.ts";
import { type Credentials, type Identity, tlsName } from "../../../transports/secure/identity.ts";
import { dialTcp } from "../../../transports/tcp.ts";

const HOUR_MS = 3_600_000;
const PROCESS = new URL("echo_process.ts", import.meta.url).href;
const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;
/** What the manager hears of most. */
const MESSAGE = {
  type: "processData",
  messageID: 12_345,
  serviceID: 17,
  sourcePlug: 4,
  destPlug: 20_003,
  count: 12,
} as const;
/** How many messages one turn of the event loop sends, as under load. */
const TURN_MESSAGES = 64;

/** The next turn of the event loop, without the millisecond that a timer takes. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** One of the two links, and what is measured by it. */
export class MeasuredLink {
  #link: Link | undefined;
  #answered: () => void = () => {};

  /** Is given to what dials. */
  readonly accept: AcceptLink = (link) => {
    this.#link = link;
    return {
      received: () => this.#answered(),
      malformed: (reason) => console.error(reason),
      closed: () => {},
    };
  };

  /** Sends messages one way; resolves to how many arrived in a second. */
  async stream(count: number): Promise<number> {
    const startMs = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answered = resolve;
    for (let sent = 1; sent < count; sent++) {
      this.#link?.send(MESSAGE);
      if (sent % TURN_MESSAGES === 0) await turn();
    }
    this.#link?.send({ ...MESSAGE, answer: true });
    await promise;
    return count * 1_000 / (performance.now() - startMs);
  }

  /** Sends messages that are answered, some at once; resolves to how many a second. */
  async ask(count: number, outstanding: number): Promise<number> {
    const startMs = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    let [sent, answered] = [0, 0];
    const send = () => {
      sent += 1;
      this.#link?.send({ ...MESSAGE, answer: true });
    };
    this.#answered = () => {
      answered += 1;
      if (answered === count) resolve();
      else if (sent < count) send();
    };
    while (sent < Math.min(outstanding, count)) send();
    await promise;
    return count * 1_000 / (performance.now() - startMs);
  }

  /** Ends the link. */
  close(): void {
    this.#link?.close();
  }
}

/** The other process and the links to it. */
export class LinkLab {
  /** By plain TCP. */
  readonly plain = new MeasuredLink();
  /** By TLS with certificates. */
  readonly secure = new MeasuredLink();
  #process: Deno.ChildProcess | undefined;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;

  /** Starts the process and dials it. */
  async start(): Promise<void> {
    const [manager, agent] = await issueTwo();
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-lock", "--config", CONFIG, PROCESS],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    const text = [manager.authority, manager.certificate, manager.key].join("\0");
    await this.#input.write(new TextEncoder().encode(text));
    const [plainPort = 0, securePort = 0] = await portsOf(this.#process.stdout);
    await dialTcp({ port: plainPort }, this.plain.accept);
    const expects = manager.identity;
    await dialSecure({ port: securePort, credentials: agent, expects }, this.secure.accept);
  }

  /** Ends both. */
  async stop(): Promise<void> {
    this.plain.close();
    this.secure.close();
    await this.#input?.close();
    await this.#process?.status;
  }
}

async function portsOf(output: ReadableStream<Uint8Array>): Promise<number[]> {
  const { promise, resolve } = Promise.withResolvers<number[]>();
  void readLines(output, (line) => resolve(line.split(" ").map(Number)));
  return await promise;
}

async function issueTwo(): Promise<[Credentials, Credentials]> {
  const validity = { beginsMs: Date.now() - HOUR_MS, endsMs: Date.now() + HOUR_MS };
  const authority = await makeAuthority({ name: "bench", validity });
  const issue = async (identity: Identity) => ({
    ...await issueCertificate(authority, { names: [tlsName(identity)], validity }),
    authority: authority.certificate,
    identity,
  });
  return [
    await issue({ role: "manager", name: "manager" }),
    await issue({ role: "agent", name: "a1" }),
  ];
}
