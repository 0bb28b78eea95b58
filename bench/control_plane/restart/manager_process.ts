/**
 * A manager in a process of its own, as its user starts it, to be killed and started again.
 *
 * @module
 */

import { type Address, parseAddress } from "../../../runtime/distributed/address.ts";
import { readLines } from "../../../runtime/launcher/output_lines.ts";

const MAIN = new URL("../../../mod.ts", import.meta.url).href;

/** How a manager is started. */
export interface ManagerProcessOptions {
  /** Its data folder. */
  readonly data: string;
  /** Where agents come. @default {a free port} */
  readonly listen?: Address;
  /** The folder of its certificate. @default {it has none} */
  readonly tls?: string;
}

/** A manager that was started. */
export class ManagerProcess {
  /** Where agents come; resolves when they can. */
  readonly ready: Promise<Address>;
  readonly #child: Deno.ChildProcess;

  /** Starts it. */
  constructor({ data, listen = { hostname: "127.0.0.1", port: 0 }, tls }: ManagerProcessOptions) {
    const { hostname, port } = listen;
    const places = ["--listen", `${hostname}:${port}`, "--admin", `${hostname}:0`];
    const proof = tls === undefined ? [] : ["--tls", tls];
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "manager", ...places, "--data", data, ...proof, "--json"],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.ready = this.#read();
    // Whoever kills it before it is ready does not wait for that.
    this.ready.catch(() => {});
  }

  /** Kills it at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  #read(): Promise<Address> {
    return new Promise((resolve, reject) => {
      const ended = readLines(this.#child.stdout, (line) => {
        const event: { kind: string; manager: string } = JSON.parse(line);
        if (event.kind === "managerReady") resolve(parseAddress(event.manager));
      });
      const missing = () => reject(new Error("Cannot measure: the manager has ended"));
      ended.then(missing, missing);
    });
  }
}
