/**
 * Hosts on one machine: network namespaces, each with a cable to a switch, which is a bridge in a
 * namespace of its own. So runs in parallel share nothing, not even addresses.
 *
 * @module
 */

import { isRunning, killAll } from "../../integration/meshes/processes.ts";

/** What every name begins with; the number of the process of the tests follows. */
const PREFIX = "smmp-";
/** A network card that nobody has. */
const NOBODY = "02:00:00:00:00:01";

/** A machine or a container without the rights to make namespaces. */
export class NoNamespacesError extends Error {
  /** The name of the class. */
  override readonly name = "NoNamespacesError";
}

async function ip(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("ip", { args: [...args] }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`Cannot ip ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Hosts that reach each other, until a test says otherwise. */
export class Hosts<Name extends string> implements AsyncDisposable {
  readonly #id: string;
  readonly #addresses: ReadonlyMap<Name, string>;

  private constructor(id: string, addresses: ReadonlyMap<Name, string>) {
    this.#id = id;
    this.#addresses = addresses;
  }

  /**
   * Makes hosts; the first has the address 10.77.0.1, the second 10.77.0.2 …
   *
   * @throws {NoNamespacesError} where that can't be done.
   */
  static async make<Name extends string>(names: readonly Name[]): Promise<Hosts<Name>> {
    // Files of tests that run at once are one process, and know nothing of each other.
    const id = `${PREFIX}${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
    const addresses = new Map(names.map((name, index) => [name, `10.77.0.${index + 1}`]));
    const hosts = new Hosts<Name>(id, addresses);
    try {
      await removeLeftovers();
      await ip("netns", "add", id);
      await ip("-n", id, "link", "add", "switch", "type", "bridge");
      await ip("-n", id, "link", "set", "switch", "up");
      for (const name of names) await hosts.#plugIn(name);
      return hosts;
    } catch (error) {
      await hosts[Symbol.asyncDispose]();
      throw new NoNamespacesError(`Cannot make hosts of network namespaces: ${error}`);
    }
  }

  /** The address of a host. */
  address(name: Name): string {
    const address = this.#addresses.get(name);
    if (address === undefined) throw new Error(`no host ${name}`);
    return address;
  }

  /** What to put before a command so that it runs on a host. */
  prefix(name: Name): readonly string[] {
    return ["ip", "netns", "exec", this.#namespace(name)];
  }

  /** Pulls the cable of a host: nothing comes or goes, and nobody is told. */
  async cut(name: Name): Promise<void> {
    await ip("-n", this.#id, "link", "set", `to-${name}`, "down");
  }

  /** Plugs the cable of a host in again. */
  async mend(name: Name): Promise<void> {
    await ip("-n", this.#id, "link", "set", `to-${name}`, "up");
  }

  /** Lets two hosts not reach each other, while others reach both: what they send gets lost. */
  async part(one: Name, other: Name): Promise<void> {
    for (const [from, to] of [[one, other], [other, one]] as const) {
      const neighbour = [this.address(to), "lladdr", NOBODY, "dev", "eth0", "nud", "permanent"];
      await ip("-n", this.#namespace(from), "neigh", "replace", ...neighbour);
    }
  }

  /** Ends what {@linkcode Hosts.part} did. */
  async unite(one: Name, other: Name): Promise<void> {
    for (const [from, to] of [[one, other], [other, one]] as const) {
      await ip("-n", this.#namespace(from), "neigh", "del", this.address(to), "dev", "eth0");
    }
  }

  /** The processes on all hosts. */
  async processes(): Promise<number[]> {
    const found: number[] = [];
    for (const name of this.#addresses.keys()) {
      found.push(...await processesIn(this.#namespace(name)));
    }
    return found;
  }

  /** Kills everything on the hosts and removes them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#addresses.keys()].map((name) => this.#namespace(name));
    for (const namespace of [...all, this.#id]) await remove(namespace);
  }

  #namespace(name: Name): string {
    return `${this.#id}-${name}`;
  }

  async #plugIn(name: Name): Promise<void> {
    const namespace = this.#namespace(name);
    const port = `to-${name}`;
    await ip("netns", "add", namespace);
    const ends = ["netns", this.#id, "type", "veth", "peer", "name", "eth0", "netns", namespace];
    await ip("link", "add", port, ...ends);
    await ip("-n", this.#id, "link", "set", port, "master", "switch", "up");
    await ip("-n", namespace, "addr", "add", `${this.address(name)}/24`, "dev", "eth0");
    for (const device of ["lo", "eth0"]) await ip("-n", namespace, "link", "set", device, "up");
  }
}

async function processesIn(namespace: string): Promise<number[]> {
  const pids = await ip("netns", "pids", namespace).catch(() => "");
  return pids.split("\n").filter((pid) => pid !== "").map(Number);
}

async function remove(namespace: string): Promise<void> {
  await killAll(await processesIn(namespace));
  // One that could not be made can't be removed either.
  await ip("netns", "del", namespace).catch(() => "");
}

/** Removes the hosts of tests that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const line of (await ip("netns", "list")).split("\n")) {
    const [namespace = ""] = line.split(" ");
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(namespace) ?? [];
    if (pid !== undefined && !await isRunning(Number(pid))) await remove(namespace);
  }
}
