/**
 * A program that speaks tcp, and first: it greets with `hello`, and does what the first line says.
 *
 * - `echo`: gives back what comes, and `bye` once the client has ended its direction.
 * - `finish`: ends its own direction, and prints how much still comes.
 * - `reset`: ends the process.
 */

const encoder = new TextEncoder();
const port = Number(Deno.env.get("PORT"));
const listener = Deno.listen({ hostname: "127.0.0.1", port });

for await (const connection of listener) {
  serve(connection).catch((error) => console.log(`broken: ${error.name}`));
}

async function serve(connection: Deno.TcpConn): Promise<void> {
  await connection.write(encoder.encode("hello\n"));
  // Its stream would close it at the end of one direction.
  const buffer = new Uint8Array(65_536);
  const read = async () => {
    const count = await connection.read(buffer);
    return count === null ? undefined : buffer.subarray(0, count);
  };
  const begin = (await read())?.slice() ?? new Uint8Array();
  const lineBytes = begin.indexOf(10) + 1;
  const first = new TextDecoder().decode(begin.subarray(0, lineBytes)).trim();
  if (first === "") return connection.close();
  console.log(`asked: ${first}`);
  if (first === "reset") Deno.exit(3);
  if (first === "finish") await connection.closeWrite();
  let count = 0;
  for (
    let piece: Uint8Array | undefined = begin.subarray(lineBytes);
    piece !== undefined;
    piece = await read()
  ) {
    count += piece.length;
    if (first === "echo") await writeAll(connection, piece);
  }
  console.log(`came: ${count}`);
  if (first === "echo") await writeAll(connection, encoder.encode("bye\n"));
  connection.close();
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
}
