/**
 * A manager and a gateway in the process of a test, and an agent as a process of its own, which can
 * be killed and started again.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { GatewayHost } from "../../../runtime/gateway/gateway_host.ts";
import { ManagerHost } from "../../../runtime/manager/manager_host.ts";
import { partsOf } from "../../../runtime/sessions/parts/parts.ts";
import { openMemoryStore } from "../../../runtime/store/memory_store.ts";
import type { Fact } from "../../../roles/manager/memory/facts.ts";
import { dialTcp, listenTcp } from "../../../transports/tcp.ts";
import { lines } from "../../integration/meshes/output.ts";
import { killAll, processesWith } from "../../integration/meshes/processes.ts";

const CHILD = new URL("./agent_child.ts", import.meta.url).pathname;
const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;

/** Longest wait for anything: generous, since a busy machine is slow. Milliseconds. */
const DEADLINE_MS = 60_000;

/** Something that an agent printed. */
export type Printed = Readonly<Record<string, unknown>> & { readonly kind: string };

/** How an agent is started. */
export interface WorldOptions {
  /** Whether it has a data folder. @default {true} */
  readonly hasData?: boolean;
  /** How long its services go on without it. Milliseconds. @default {that of the product} */
  readonly graceMs?: number;
  /** Whether its instances have certificates. @default {false} */
  readonly isSecure?: boolean;
}

function freePort(): number {
  using listener = Deno.listen({ port: 0 });
  return listener.addr.port;
}

/** All of it. Disposing of it ends every process that it started, whatever happened. */
export class AgentWorld implements AsyncDisposable {
  /** Everything that happened, as the manager recorded it. */
  readonly facts: Fact[] = [];
  /** Everything that the agents printed. */
  readonly printed: Printed[] = [];
  /** Its temp folder, by which its processes can be told. */
  readonly folder = Deno.makeTempDirSync({ prefix: "smmp-test-" });
  /** The manager. */
  readonly manager: ManagerHost;
  readonly #options: WorldOptions;
  readonly #gateway = new GatewayHost({ warn: () => {} });
  readonly #gatewayPort = freePort();
  readonly #listener;
  #agent: Deno.ChildProcess | undefined;
  #read: Promise<void> | undefined;
  #wake = new Set<() => void>();
  #isOver = false;

  /** A manager; nobody has registered. */
  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.manager = new ManagerHost({ store: openMemoryStore(), warn: () => {} });
    this.manager.subscribe((facts) => {
      this.facts.push(...facts);
      this.#notify();
    });
    this.#listener = listenTcp({ port: 0 }, (link) => this.manager.admitLink(link));
  }

  /** The data folder of the agent. */
  get data(): string {
    return `${this.folder}/data`;
  }

  /** Starts an agent, and links the gateway with it. */
  async start(): Promise<void> {
    const place = this.printed.length;
    const { hasData = true, graceMs, isSecure = false } = this.#options;
    const services = new URL("./services/", import.meta.url).pathname;
    const agent = this.#agent = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-lock", "--config", CONFIG, CHILD],
        ...[`${this.#listener.port}`, `${this.#gatewayPort}`, hasData ? this.data : "none"],
        ...[services, graceMs === undefined ? "" : `${graceMs}`, isSecure ? "secure" : ""],
      ],
      env: { TMPDIR: this.folder },
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#read = this.#follow(agent.stdout);
    await this.until(() => this.printed.slice(place).some(({ kind }) => kind === "ready"));
    this.#linkGateway();
  }

  /** Kills the agent, and nothing else. */
  async kill(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    agent?.kill("SIGKILL");
    await agent?.status;
    await this.#read;
  }

  /** Kills the agent and starts it again; resolves when the manager knows all that it has. */
  async restart(): Promise<void> {
    await this.kill();
    const place = this.facts.length;
    await this.start();
    await this.until(() => this.ofKind("agentRegistered", place).length > 0);
  }

  /** Sends a request to a service. */
  fetch(service: string, path: string): Promise<Response> {
    const request = new Request(`http://gateway${path}`);
    return this.#gateway.exchange(service, partsOf(request));
  }

  /** The process number of the echo that answers. */
  async echoPid(id: string): Promise<number> {
    const text = await (await this.fetch("echo", `/?id=${id}`)).text();
    const [pid, answered] = text.split(" ");
    assertEquals(answered, id, text);
    return Number(pid);
  }

  /** Facts of a kind, from a place on. */
  ofKind<Kind extends Fact["kind"]>(kind: Kind, place = 0): Extract<Fact, { kind: Kind }>[] {
    return this.facts.slice(place).filter((fact): fact is Extract<Fact, { kind: Kind }> =>
      fact.kind === kind
    );
  }

  /** Waits until something is so; looked at after everything that happens. */
  async until(isSo: () => boolean): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!isSo()) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) {
        const seen = [...this.facts, ...this.printed].map((one) => JSON.stringify(one));
        throw new Error(
          `Cannot see "${isSo}": not so within ${DEADLINE_MS} ms\n${seen.join("\n")}`,
        );
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, leftMs);
      this.#wake.add(resolve);
      await promise;
      clearTimeout(timer);
      this.#wake.delete(resolve);
    }
  }

  /** Every process of this world that still runs. */
  processes(): Promise<number[]> {
    return processesWith(`TMPDIR=${this.folder}`);
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#gateway.stop("the test is over");
    await this.kill();
    await killAll(await this.processes());
    this.manager.stop();
    this.#listener.close();
    await Deno.remove(this.folder, { recursive: true });
  }

  #linkGateway(): void {
    dialTcp({ port: this.#gatewayPort }, (link) => this.#gateway.admitAgentLink(link)).catch(() => {
      if (!this.#isOver) setTimeout(() => this.#linkGateway(), 20);
    });
  }

  async #follow(stdout: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of lines(stdout)) {
      this.printed.push(JSON.parse(line));
      this.#notify();
    }
  }

  #notify(): void {
    for (const wake of [...this.#wake]) wake();
  }
}
