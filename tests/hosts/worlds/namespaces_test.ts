import { assert, assertEquals } from "@std/assert";
import { Hosts } from "./namespaces.ts";
import { Program } from "./program.ts";
import { User } from "../users/user.ts";
import { withHosts } from "./with_hosts.ts";

const SERVER = `Deno.serve({ port: 8000, hostname: "0.0.0.0" }, () => new Response("hello"))`;

Deno.test("Hosts: they reach each other, unless cut off or parted", async () => {
  await withHosts(["one", "two", "three"], async (hosts) => {
    const folder = Deno.cwd();
    const command = [...hosts.prefix("one"), Deno.execPath(), "eval", "--no-lock", SERVER];
    const server = new Program({ name: "the server", command, folder });
    await server.line(/Listening/);
    await using user = new User({ prefix: hosts.prefix("two"), folder });
    await using other = new User({ prefix: hosts.prefix("three"), folder });
    const url = `http://${hosts.address("one")}:8000/`;
    const deadlineMs = 1_000;
    assertEquals(await user.ask(url), { status: 200, text: "hello" });

    await hosts.part("one", "two");
    assertEquals((await user.ask(url, { deadlineMs })).status, 0);
    assertEquals((await other.ask(url)).status, 200);
    await hosts.unite("one", "two");
    assertEquals((await user.ask(url)).status, 200);

    await hosts.cut("one");
    assertEquals((await other.ask(url, { deadlineMs })).status, 0);
    await hosts.mend("one");
    assertEquals((await other.ask(url)).status, 200);

    await user.beginLoad({ urls: [url], perSecond: 100, deadlineMs });
    await user.sendMore(50);
    await server.end("SIGKILL");
    await user.sendMore(50);
    const { sent, done, failures } = await user.endLoad();
    assert(done >= 50 && sent > done, `${done} of ${sent}`);
    assert(Object.keys(failures).length > 0);
  });
});

Deno.test("Hosts: nothing of them is left, also of those whose test was killed", async () => {
  await withHosts(["one"], async (hosts) => {
    const sleep = [...hosts.prefix("one"), "sh", "-c", "echo here; exec sleep 1000"];
    const sleeper = new Program({ name: "the sleeper", command: sleep, folder: Deno.cwd() });
    await sleeper.line(/here/);
    await hosts[Symbol.asyncDispose]();
    assertEquals((await sleeper.ended()).signal, "SIGKILL");

    const code = `
      const { Hosts } = await import(${JSON.stringify(import.meta.resolve("./namespaces.ts"))});
      const hosts = await Hosts.make(["left"]);
      console.log("made " + hosts.prefix("left").at(-1));
      setInterval(() => {}, 1_000);
    `;
    const command = [Deno.execPath(), "eval", "--no-lock", code];
    const maker = new Program({ name: "the maker", command, folder: Deno.cwd() });
    const left = await maker.line(/^made (\S+)$/);
    assert((await namespaces()).includes(left), left);
    await maker.end("SIGKILL");
    await using _next = await Hosts.make(["next"]);
    assert(!(await namespaces()).includes(left), left);
  });
});

async function namespaces(): Promise<string[]> {
  const { stdout } = await new Deno.Command("ip", { args: ["netns", "list"] }).output();
  return new TextDecoder().decode(stdout).split("\n").map((line) => line.split(" ")[0] ?? "");
}
