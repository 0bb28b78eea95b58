/**
 * First requests: to a mesh, and to what a mesh is compared with, a bare process of a service.
 *
 * @module
 */

/** The module of such a process: it takes a port, and says when it listens. */
export const BARE = new URL("services/bare.ts", import.meta.url).href;

/** Sends one request by a connection of its own; resolves with the first bytes of the answer. */
export async function request(port: number, path: string): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const text = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(text));
  const buffer = new Uint8Array(4_096);
  const count = await conn.read(buffer);
  conn.close();
  const answer = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  if (!answer.startsWith("HTTP/1.1 200 ")) throw new Error(`Cannot get "${path}": ${answer}`);
}

/** Ports that are free now, each another one. */
export function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  return listeners.map((listener) => {
    const { port } = listener.addr;
    listener.close();
    return port;
  });
}

/** Where there is this program, the launcher of services uses it too. */
const SETSID = "/usr/bin/setsid";

/**
 * Starts bare processes at once; takes the time until all have answered.
 *
 * Each is in a session of its own, as services are: Linux shares the processor by sessions, so
 * fifty in one session would have no more of a machine with other work than one service has.
 *
 * @param count How many there are.
 * @returns Milliseconds.
 */
export async function measureBareBurst(count: number): Promise<number> {
  const bare = [Deno.execPath(), "run", "--quiet", "--no-prompt", "--allow-net", BARE];
  const [program = "", ...args] = await isThere(SETSID) ? [SETSID, ...bare] : bare;
  const ports = freePorts(count);
  const startedMs = performance.now();
  const children = ports.map((port) =>
    new Deno.Command(program, {
      args: [...args, String(port)],
      stdout: "piped",
      stderr: "inherit",
    }).spawn()
  );
  const readers = children.map(({ stdout }) => stdout.getReader());
  await Promise.all(readers.map(async (reader, at) => {
    await reader.read();
    await request(ports[at] ?? 0, "/");
  }));
  const tookMs = performance.now() - startedMs;
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(readers.map((reader) => reader.cancel()));
  await Promise.all(children.map(({ status }) => status));
  return tookMs;
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Not on every system.
    return false;
  }
}
