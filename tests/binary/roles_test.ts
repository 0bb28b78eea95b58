import { assertEquals, assertMatch } from "@std/assert";
import { dirname } from "node:path";
import { Program } from "../hosts/worlds/program.ts";
import { PROJECT } from "../integration/meshes/mesh_process.ts";
import { killAll, processesWith } from "../integration/meshes/processes.ts";
import { compileOnce, COMPILER, withBundles } from "./compiled.ts";

/** The programs of one mesh, each the binary, without a deno beside it. */
class BinaryMesh implements AsyncDisposable {
  readonly #folder: string;
  readonly #programs: Program[] = [];

  /** Nothing runs yet. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts a role or a command. */
  async start(...args: readonly string[]): Promise<Program> {
    const { binary, emptyPath } = await compileOnce();
    // TMPDIR is inherited by all that is started, so what is left over can be found.
    const env = { PATH: emptyPath, TMPDIR: this.#folder };
    const [name = ""] = args;
    const program = new Program({ name, command: [binary, ...args], folder: this.#folder, env });
    this.#programs.push(program);
    return program;
  }

  /** Runs a command to its end; returns what it printed. */
  async run(...args: readonly string[]): Promise<string> {
    const program = await this.start(...args);
    const { code } = await program.ended();
    const text = program.printed.join("\n");
    assertEquals(code, 0, text);
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) program.signal("SIGKILL");
    for (const program of this.#programs) await program.ended();
    await killAll(await processesWith(`TMPDIR=${this.#folder}`));
  }
}

Deno.test({
  name: "the binary is every role: a mesh with certificates, whose agent is killed and replaced",
  ignore: COMPILER === undefined,
  fn: () =>
    withBundles({ path: `${PROJECT}examples/hello` }, async (bundles) => {
      await using mesh = new BinaryMesh(dirname(bundles));
      await mesh.run("ca", "init");
      await mesh.run("ca", "issue", "manager", "--host", "127.0.0.1");
      for (const [role, name] of [["agent", "a1"], ["gateway", "g1"], ["operator", "ops"]]) {
        await mesh.run("ca", "issue", `${role}`, `${name}`);
      }
      const places = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
      const manager = await mesh.start("manager", ...places, "--tls", "certs/manager", "--json");
      const { manager: address } = await manager.event("managerReady");
      const agentFlags = ["--manager", `${address}`, "--tls", "certs/a1", "--services", "bundles"];
      const startAgent = async (listen: string) => {
        const agent = await mesh.start("agent", ...agentFlags, "--listen", listen, "--json");
        return { agent, listening: await agent.event("agentListening") };
      };
      const { agent, listening } = await startAgent("127.0.0.1:0");
      await agent.event("agentReady");
      const place = ["--agent", `a1@${listening.listen}`, "--port", "0"];
      const gateway = await mesh.start("gateway", ...place, "--tls", "certs/g1", "--json");
      const { gatewayUrl } = await gateway.event("gatewayListening");
      await gateway.event("gatewayReady");
      const greet = async () => await (await fetch(`${gatewayUrl}/greeter/hello/Ada`)).text();
      assertEquals(await greet(), "Hello, Ada! This is visit 1.\n");
      const operator = ["--manager", `${address}`, "--tls", "certs/ops"];
      const before = await mesh.run("ps", ...operator);
      assertMatch(before, /greeter +running +a1/);
      await agent.end("SIGKILL");
      const { agent: next } = await startAgent(`${listening.listen}`);
      await next.event("agentReady");
      assertEquals(await greet(), "Hello, Ada! This is visit 2.\n");
      const ids = (text: string) =>
        [...text.matchAll(/^ *(\d+) +(greeter|counter) /gm)].map(String);
      assertEquals(ids(await mesh.run("ps", ...operator)), ids(before));
      await next.end("SIGTERM");
      await gateway.end("SIGTERM");
      assertEquals((await manager.end("SIGTERM")).code, 0);
    }),
});
