import { assert, assertEquals, assertRejects } from "@std/assert";
import { isRunning, untilGone } from "../../integration/meshes/processes.ts";
import { AgentWorld } from "./agent_world.ts";

/** Reads lines of a response as they come. */
class LineReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(response: Response) {
    assert(response.body !== null);
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  async next(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#reader.read();
      assert(!done, "the response has ended");
      this.#text += value;
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

Deno.test("AgentHost started again takes over services that went on without it", async () => {
  await using world = new AgentWorld();
  await world.start();
  const stream = new LineReader(await world.fetch("caller", "/"));
  const [status, pid] = (await stream.next()).split(" ");
  assertEquals(status, "200");
  for (let kills = 0; kills < 3; kills += 1) {
    await world.kill();
    // Services ask each other by the session that they have, though no agent is there.
    for (let count = 0; count < 30; count += 1) {
      const line = await stream.next();
      assert(line.startsWith(`200 ${pid} `), line);
    }
    const place = world.facts.length;
    await world.start();
    await world.until(() => world.ofKind("agentRegistered", place).length > 0);
    assertEquals(String(await world.echoPid(`after-${kills}`)), pid);
  }
  assertEquals(world.ofKind("instanceStarting").map(({ service }) => service).toSorted(), [
    "caller",
    "echo",
  ]);
  assertEquals([world.ofKind("instanceEnded"), world.ofKind("connectionClosed")], [[], []]);
  assertEquals(world.ofKind("instanceRegistered").length, 1);
  await stream.cancel();
});

Deno.test("AgentHost reads and ends what it took over: output, exit, shutdown", async () => {
  await using world = new AgentWorld();
  await world.start();
  const first = await world.echoPid("first");
  await world.restart();
  assertEquals(await world.echoPid("second"), first);
  const said = (text: string) => world.printed.some((one) => one.text === text);
  await world.until(() => said("asked second") && said("asked second too"));
  Deno.kill(first, "SIGKILL");
  await world.until(() => world.ofKind("instanceEnded").some((one) => one.service === "echo"));
  const ended = world.ofKind("instanceEnded").find((one) => one.service === "echo");
  assert(ended?.reason.includes("its exit code is not known\nasked "), ended?.reason);
  const other = await world.echoPid("third");
  await world.restart();
  const { serviceID = 0 } = world.ofKind("instanceStarted").at(-1) ?? {};
  await world.manager.command({ kind: "stopInstance", serviceID, mode: "hard" });
  await untilGone([other], 10_000);
  assertEquals([...Deno.readDirSync(`${world.data}/instances`)], []);
});

Deno.test("AgentHost forgets what ended while no agent ran, and says so", async () => {
  await using world = new AgentWorld();
  await world.start();
  const pid = await world.echoPid("a");
  await world.kill();
  Deno.kill(pid, "SIGKILL");
  await untilGone([pid], 10_000);
  await world.start();
  await world.until(() => world.printed.some(({ kind }) => kind === "warning"));
  const text = String(world.printed.find(({ kind }) => kind === "warning")?.text);
  assert(text.startsWith("echo#"), text);
  assert(text.includes("ended while no agent ran\nasked a too"), text);
  assert(await world.echoPid("b") !== pid);
});

Deno.test("AgentHost kills what does not come back to it", async () => {
  await using world = new AgentWorld();
  await world.start();
  const pid = await world.echoPid("a");
  await world.kill();
  Deno.kill(pid, "SIGSTOP");
  const place = world.facts.length;
  await world.start();
  await world.until(() =>
    world.ofKind("instanceEnded", place).some((one) => one.service === "echo")
  );
  await untilGone([pid], 10_000);
  assert(await world.echoPid("b") !== pid);
});

Deno.test("services end by themselves when no agent comes back in time", async () => {
  await using world = new AgentWorld({ graceMs: 1_000 });
  await world.start();
  const pid = await world.echoPid("a");
  await world.kill();
  assert(await isRunning(pid));
  await untilGone([pid], 30_000);
});

Deno.test("services of an agent without a data folder end soon after it", async () => {
  await using world = new AgentWorld({ hasData: false });
  await world.start();
  const pid = await world.echoPid("a");
  await world.kill();
  await world.start();
  await untilGone([pid], 30_000);
  assert(await world.echoPid("b") !== pid);
});

Deno.test("AgentHost says so when the port of the agent before is taken", async () => {
  await using world = new AgentWorld();
  await world.start();
  await world.echoPid("a");
  const { AgentHost } = await import("../../../runtime/agent/agent_host.ts");
  const second = () =>
    Promise.resolve(
      new AgentHost({
        name: "a1",
        network: "127.0.0.1",
        services: new Map(),
        data: world.data,
        warn: () => {},
        output: () => {},
      }),
    );
  await assertRejects(async () => await second(), Error, "perhaps that agent still runs");
});
