/**
 * The ways in which instances end while they are used: in none of them may a request fail.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Load, type LoadReport } from "../hosts/users/load.ts";
import { runCommand } from "../integration/meshes/command.ts";
import { DistributedMesh } from "../integration/meshes/distributed_mesh.ts";
import { type MeshProcess, startMesh } from "../integration/meshes/mesh_process.ts";
import { InFlight, WHOLE } from "./in_flight.ts";

/** How much is asked. */
export interface DrainOptions {
  /** Requests a second. */
  readonly perSecond: number;
  /** How many requests there are before, and after what happens; more come meanwhile. */
  readonly requests: number;
}

/** A way to end. */
export interface DrainCase {
  /** What happens. */
  readonly title: string;
  /** Has it happen while requests come; tells what became of them. */
  readonly run: (options: DrainOptions) => Promise<LoadReport>;
}

const SERVICES = new URL("./services/", import.meta.url).pathname;

/** A request waits for a start at most, which takes a busy machine its time. Milliseconds. */
const DEADLINE_MS = 30_000;

/** Reads the services anew: they are edited. */
async function filesOf(): Promise<Record<string, string>> {
  const names = ["front.ts", "program.ts", "work.ts"];
  const texts = names.map(async (name) => [name, await Deno.readTextFile(SERVICES + name)]);
  return Object.fromEntries(await Promise.all(texts));
}

/** A mesh of one host with the services in its own folder. */
async function startLocal(
  work: Readonly<Record<string, unknown>> = {},
  isWatched = false,
): Promise<MeshProcess> {
  const folder = await Deno.makeTempDir({ prefix: "smmp-test-" });
  const mesh = await startMesh({
    folder,
    isFolderOurs: true,
    files: await filesOf(),
    isWatched,
    services: servicesIn(folder, folder, work),
  });
  return mesh;
}

function servicesIn(
  folder: string,
  signals: string,
  work: Readonly<Record<string, unknown>> = {},
): Record<string, Record<string, unknown>> {
  const env = { SIGNALS: signals, HOLD_MS: "0", ...Object(work.env) };
  const permissions = { read: [signals] };
  const common = { entry: `${folder}/work.ts`, grace: "30s", permissions };
  return {
    work: { ...common, ...work, env },
    front: { entry: `${folder}/front.ts`, plugs: ["work"] },
  };
}

/** A load that has begun. */
class Asking {
  readonly #load: Load;
  readonly #urls: readonly string[];

  constructor(gatewayUrl: string, perSecond: number) {
    this.#urls = [`${gatewayUrl}/work`, `${gatewayUrl}/front`];
    this.#load = new Load({
      urls: this.#urls,
      perSecond,
      deadlineMs: DEADLINE_MS,
      isEchoed: true,
    });
  }

  /** Waits until so many more were answered, or have failed. */
  async more(count: number): Promise<void> {
    const ended = () => {
      const { done, failures } = this.#load.report;
      return done + Object.values(failures).reduce((sum, one) => sum + one, 0);
    };
    const before = ended();
    while (ended() < before + count) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  /** Sends no more, and tells what came of it. */
  async end(): Promise<LoadReport> {
    return await this.#load.stop();
  }
}

/** Something that happens to the instances of a mesh of one host, while requests come. */
async function happenLocally(
  { perSecond, requests }: DrainOptions,
  { work = {}, isWatched = false, happens }: {
    readonly work?: Readonly<Record<string, unknown>>;
    readonly isWatched?: boolean;
    /** Resolves when it has happened, up to the end of the instance. */
    readonly happens: (mesh: MeshProcess, serviceID: number) => Promise<void>;
  },
): Promise<LoadReport> {
  await using mesh = await startLocal(work, isWatched);
  const asking = new Asking(mesh.gatewayUrl, perSecond);

  await asking.more(requests);
  const flight = await InFlight.begin(mesh.gatewayUrl, { signals: mesh.folder });
  const { serviceID } = await mesh.event("instanceStarted", { service: "work" });

  const happened = happens(mesh, Number(serviceID));
  await mesh.event("instanceClosing", { serviceID: Number(serviceID) });

  await asking.more(requests);

  assertEquals(await flight.end(), WHOLE);
  await happened;
  await mesh.event("instanceEnded", { serviceID: Number(serviceID), exitCode: 0 });

  await asking.more(requests);
  return await asking.end();
}

async function command(mesh: MeshProcess, ...words: readonly string[]): Promise<void> {
  const { code, stderr, stdout } = await runCommand(...words, "--data", mesh.data);
  assertEquals([code, stderr], [0, ""], stdout);
}

/** An instance is stopped by its number. */
const stop: DrainCase = {
  title: "smmp stop ID",
  run: (options) =>
    happenLocally(options, {
      happens: (mesh, serviceID) => command(mesh, "stop", `${serviceID}`),
    }),
};

/** An instance that is a program is stopped. */
const stopProgram: DrainCase = {
  title: "smmp stop ID, a program",
  run: (options) =>
    happenLocally(options, {
      work: {
        command: [Deno.execPath(), "run", "-A", "program.ts"],
        entry: undefined,
        permissions: undefined,
      },
      happens: (mesh, serviceID) => command(mesh, "stop", `${serviceID}`),
    }),
};

/** A service is restarted: those that call others too. */
const restart: DrainCase = {
  title: "smmp restart SERVICE",
  run: (options) =>
    happenLocally(options, {
      happens: async (mesh) => {
        await Promise.all([command(mesh, "restart", "work"), command(mesh, "restart", "front")]);
      },
    }),
};

/** A script is edited, several times in a row. */
const edit: DrainCase = {
  title: "an edit under --watch",
  run: (options) =>
    happenLocally(options, {
      isWatched: true,
      async happens(mesh) {
        const file = `${mesh.folder}/work.ts`;
        const text = await Deno.readTextFile(file);
        for (const word of ["one", "two", "three"]) {
          await Deno.writeTextFile(`${file}.new`, `${text}// ${word}\n`);
          await Deno.rename(`${file}.new`, file);
        }
        await mesh.event("repositoryChanged");
      },
    }),
};

/** Three instances were needed, and are no more. */
const scaleDown: DrainCase = {
  title: "a scale-down",
  async run({ perSecond, requests }) {
    // Seventeen requests are in flight, half of them of each source, which has four at an instance.
    const env = { HOLD_MS: `${Math.round(17_000 / perSecond)}` };
    const instances = { min: 0, max: 3 };
    const idle = { connection: "5s", service: "1s" };
    const work = { env, instances, concurrency: 4, idle };
    await using mesh = await startLocal(work);
    // All of it is at the first instance, as each of them holds one open.
    const flight = await InFlight.begin(mesh.gatewayUrl, { signals: mesh.folder });
    const much = new Asking(mesh.gatewayUrl, perSecond);
    const [, , last] = await mesh.times(3, "instanceStarted", { service: "work" });
    await much.more(requests);
    const little = new Asking(mesh.gatewayUrl, perSecond / 10);
    const before = await much.end();
    const place = mesh.events.indexOf(last!);
    await mesh.event("instanceEnded", { service: "work", exitCode: 0 }, place);
    await little.more(requests / 10);
    // What is used is not surplus.
    await flight.assertOpen();
    assertEquals(await flight.end(), { ...WHOLE, socket: [3000, true] });
    return joined(before, await little.end());
  },
};

function joined(one: LoadReport, other: LoadReport): LoadReport {
  return {
    sent: one.sent + other.sent,
    done: one.done + other.done,
    failures: { ...other.failures, ...one.failures },
    slowestMs: Math.max(one.slowestMs, other.slowestMs),
    medianMs: one.medianMs,
    lateMs: Math.max(one.lateMs, other.lateMs),
  };
}

/** One of two agents is drained. */
const drain: DrainCase = {
  title: "smmp drain AGENT",
  async run({ perSecond, requests }) {
    await using mesh = await DistributedMesh.make();
    const manager = await mesh.startManager();
    const services = servicesIn(SERVICES.slice(0, -1), mesh.folder);
    const { listen } = await mesh.startAgent("a1", services);
    await mesh.startAgent("a2", services);
    await mesh.startGateway(listen);
    const asking = new Asking(mesh.gatewayUrl, perSecond);

    await asking.more(requests);
    const flight = await InFlight.begin(mesh.gatewayUrl, { signals: mesh.folder });
    const { serviceID } = await manager.event("instanceStarted", { service: "work" });
    const { agent } = await manager.event("instanceStarting", { service: "work" });
    const drained = mesh.run("drain", String(agent), "--data", "manager");
    await manager.event("instanceClosing", { serviceID });

    await asking.more(requests);

    assertEquals(await flight.end(), WHOLE);
    const { code, text } = await drained;
    assertEquals(code, 0, text);
    await manager.event("instanceEnded", { serviceID, exitCode: 0 });

    await asking.more(requests);
    return await asking.end();
  },
};

/** Every way. */
export const DRAIN_CASES: readonly DrainCase[] = [
  stop,
  stopProgram,
  restart,
  scaleDown,
  edit,
  drain,
];
