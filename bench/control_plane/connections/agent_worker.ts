/**
 * The agent of local mode, but its processes are the bench's client, which speaks the protocol
 * itself.
 *
 * @module
 */

import { AgentHost } from "../../../runtime/agent/agent_host.ts";
import type { ServiceConfig } from "../../../runtime/config/mesh_config.ts";
import { readLines } from "../../../runtime/launcher/output_lines.ts";
import type { LaunchedProcess, ProcessEvents } from "../../../runtime/launcher/launcher.ts";
import { exposeWorker } from "../../../runtime/local/worker_call.ts";
import { type SpareStart, START_VARIABLE, type StartInfo } from "../../../runtime/service/start.ts";
import { linkMessagePort } from "../../../transports/message_port.ts";
import { CONTROL_VARIABLE } from "./control.ts";

/** What the bench can ask of its agent. */
export interface BenchAgent {
  /** Begins, with the port at which the client takes orders from. */
  start(services: ReadonlyMap<string, ServiceConfig>, controlPort: number): void;
  /** Takes the manager's end of a channel. */
  linkManager(port: MessagePort): void;
  /** Takes the end of who has the client started. */
  linkGateway(port: MessagePort): void;
  /** Kills the clients; resolves when they are gone. */
  stop(): Promise<void>;
}

const CLIENT = new URL("client.ts", import.meta.url).href;

function launchClient(
  controlPort: number,
  start: StartInfo | SpareStart,
  events: ProcessEvents,
): LaunchedProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "--allow-net", "--allow-env", CLIENT],
    env: { [START_VARIABLE]: JSON.stringify(start), [CONTROL_VARIABLE]: String(controlPort) },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  for (const stream of ["stdout", "stderr"] as const) {
    void readLines(child[stream], (line) => events.line(line, stream));
  }
  void child.status.then(({ code }) =>
    events.exited({ exitCode: code, signal: undefined, lastLines: [] })
  );
  const kill = () => child.kill("SIGKILL");
  return { pid: child.pid, kill, release: () => {}, moveOutput: () => {} };
}

let host: AgentHost | undefined;

function running(): AgentHost {
  if (host === undefined) throw new Error("Cannot use the agent: it was not started");
  return host;
}

const agent: BenchAgent = {
  start(services, controlPort) {
    host = new AgentHost({
      name: "bench",
      network: "127.0.0.1",
      services,
      output: ({ text }) => console.error(text),
      warn: (text) => console.error(text),
      launch: (_service, start, events) => launchClient(controlPort, start, events),
    });
  },
  linkManager: (port) =>
    void running().openManagerLink((events) => linkMessagePort(port, {}, events)),
  linkGateway: (port) =>
    void running().openTrustedLink((events) => linkMessagePort(port, {}, events)),
  async stop() {
    // It may have failed to start, which is told by who started it.
    await host?.killAll();
    host?.stop();
  },
};

exposeWorker({ ...agent });
