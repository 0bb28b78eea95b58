/**
 * Everything that the benchmark of the gateway starts, and its end.
 *
 * @module
 */

import { readLines } from "../../../runtime/launcher/output_lines.ts";
import { haproxyConfig, nginxConfig, pathOf } from "./proxies.ts";

/** Something that stands in front of the work. */
export interface Target {
  /** Its name in the table. */
  readonly name: string;
  /** Where it listens, and the start of every path. */
  readonly url: string;
  /** Its processes, without that of the work. */
  readonly pids: readonly number[];
  /** The only path that it serves. @default {all} */
  readonly path?: string;
}

/** Those of `deno task mesh`. */
const MESH_FLAGS = ["--v8-flags=--min-semi-space-size=16"];

/** Programs that run until {@linkcode GatewayLab.stop}. */
export class GatewayLab {
  /** What stands in front of the same work. */
  readonly targets: Target[] = [];
  readonly #children: Deno.ChildProcess[] = [];
  #folder = "";
  #workUrl = "";

  /** Starts all of them. */
  async start(): Promise<void> {
    this.#folder = await Deno.makeTempDir({ prefix: "smmp-bench-" });
    const upstream = await this.#startDeno("http_service.ts", []);
    this.#workUrl = `http://127.0.0.1:${upstream.port}`;
    this.#add("direct", upstream);
    await this.#startNginx(upstream.port);
    await this.#startHaproxy(upstream.port);
    this.#add("serve + fetch", await this.#startDeno("fetch_proxy.ts", [String(upstream.port)]));
    await this.#startMoleculer();
    await this.#startMesh();
  }

  /** Requests per second from service to service in our mesh, by one of two ways. */
  async call(way: "plug" | "http", options: { seconds: number; atOnce: number }): Promise<number> {
    const mesh = this.targets.find(({ name }) => name === "smmp");
    const base = way === "plug" ? "http://work.mesh" : this.#workUrl;
    const query = `seconds=${options.seconds}&at-once=${options.atOnce}&url=${base}/small`;
    const url = mesh?.url.replace(/work$/, `caller/?${query}`) ?? "";
    const { perSecond } = await (await fetch(url)).json();
    return perSecond;
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    for (const child of this.#children) child.kill("SIGTERM");
    await Promise.all(this.#children.map((child) => child.status));
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #startNginx(upstream: number): Promise<void> {
    const folder = this.#folder;
    const port = freePort();
    await Deno.writeTextFile(`${folder}/nginx.conf`, nginxConfig({ folder, port, upstream }));
    const args = ["-p", folder, "-e", `${folder}/nginx.log`, "-c", `${folder}/nginx.conf`];
    const { pid } = this.#spawn(await pathOf("nginx"), args);
    await listening(port);
    this.#add("nginx", { port, pids: childrenOf(pid) });
  }

  async #startHaproxy(upstream: number): Promise<void> {
    const port = freePort();
    const file = `${this.#folder}/haproxy.cfg`;
    await Deno.writeTextFile(file, haproxyConfig({ port, upstream }));
    const { pid } = this.#spawn(await pathOf("haproxy"), ["-db", "-q", "-f", file]);
    await listening(port);
    this.#add("haproxy", { port, pids: [pid] });
  }

  async #startMesh(): Promise<void> {
    const main = new URL("../../../mod.ts", import.meta.url).pathname;
    const mesh = new URL("mesh.json", import.meta.url).pathname;
    const child = this.#spawn(Deno.execPath(), [
      ...["run", "-A", ...MESH_FLAGS, main, "mesh", mesh, "--json", "--data", "none"],
      ...["--port", "0", "--admin-port", "0"],
    ]);
    const { gatewayUrl } = JSON.parse(await lineOf(child, /"meshReady"/));
    this.targets.push({ name: "smmp", url: `${gatewayUrl}/work`, pids: [child.pid] });
  }

  async #startMoleculer(): Promise<void> {
    const [own, other, port] = [freePort(), freePort(), freePort()].map(String);
    const flags = ["--no-lock", ...MESH_FLAGS];
    await this.#startDeno("moleculer_node.js", ["work", `${other}`, `${own}`, "0"], flags);
    const args = ["gateway", `${own}`, `${other}`, `${port}`];
    const { pids } = await this.#startDeno("moleculer_node.js", args, flags);
    const url = `http://127.0.0.1:${port}`;
    this.targets.push({ name: "moleculer", url, pids, path: "/small" });
  }

  async #startDeno(
    file: string,
    args: readonly string[],
    flags: readonly string[] = [],
  ): Promise<{ port: number; pids: number[] }> {
    const path = new URL(file, import.meta.url).pathname;
    const child = this.#spawn(Deno.execPath(), ["run", "-A", ...flags, path, ...args]);
    const { port } = JSON.parse(await lineOf(child, /"port"/));
    return { port, pids: [child.pid] };
  }

  #add(name: string, { port, pids }: { port: number; pids: readonly number[] }): void {
    this.targets.push({ name, url: `http://127.0.0.1:${port}`, pids });
  }

  #spawn(program: string, args: readonly string[]): Deno.ChildProcess {
    const command = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      // wrk drops its connections when its time is over, and servers complain of that.
      stderr: "null",
    });
    const child = command.spawn();
    this.#children.push(child);
    return child;
  }
}

/** The first line of a program that looks like this; what follows is read and dropped. */
function lineOf(child: Deno.ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const read = readLines(child.stdout, (line) => {
      if (pattern.test(line)) resolve(line);
    });
    read.then(() => reject(new Error(`Cannot start "${pattern}": the program has ended`)));
  });
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      // It is still starting.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`Cannot reach "${port}": nothing listens there`);
}

function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return text.trim().split(" ").map(Number);
}
