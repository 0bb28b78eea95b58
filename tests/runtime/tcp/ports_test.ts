import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { TcpPorts } from "../../../runtime/tcp/ports.ts";

function portsOf(warnings: string[] = []): TcpPorts {
  return new TcpPorts({
    hostname: "127.0.0.1",
    isShared: false,
    exchange: () => Promise.resolve(new Response(null, { status: 503 })),
    warn: (text) => void warnings.push(text),
  });
}

/** A port that nobody has. */
function free(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Whether somebody accepts there; a connection that is refused later is accepted too. */
async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    // Nobody does.
    return false;
  }
}

Deno.test("TcpPorts.listen() opens all ports, or none", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = free();
  const wanted = [{ port, service: "cache" }, { port: taken.addr.port, service: "mail" }];
  const { message } = assertThrows(() => portsOf().listen(wanted), Error);
  assertStringIncludes(message, `for service "mail": another program listens there`);
  assertEquals(await accepts(port), false);
  const ports = portsOf();
  ports.listen(wanted.slice(0, 1));
  assertEquals(await accepts(port), true);
  await ports.drain();
  assertEquals(await accepts(port), false);
});

Deno.test("TcpPorts.follow() opens what it is told, and tells once what it can't", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [one, other] = [free(), taken.addr.port];
  const warnings: string[] = [];
  const ports = portsOf(warnings);
  const wanted = [{ port: one, service: "cache" }, { port: other, service: "mail" }];
  ports.follow(wanted);
  ports.follow(wanted);
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0] ?? "", `:${other}" for service "mail"`);
  assertEquals(await accepts(one), true);
  taken.close();
  ports.follow(wanted.slice(1));
  assertEquals([await accepts(one), await accepts(other)], [false, true]);
  await ports.drain();
  ports.follow(wanted);
  assertEquals(await accepts(one), false);
});
