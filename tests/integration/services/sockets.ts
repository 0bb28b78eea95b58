/** A service whose requests are WebSockets that do what a test asks for. */

/** Closes with what a message asks for, or sends the message back. */
function answer(socket: WebSocket, data: string | ArrayBuffer): void {
  const [word, code, reason] = typeof data === "string" ? data.split(" ") : [];
  if (word === "close") return code === undefined ? socket.close() : socket.close(+code, reason);
  if (word === "crash") return Deno.exit(7);
  if (word === "flood") return void flood(socket);
  if (word === "stall") return stall();
  socket.send(data);
}

/** Reads nothing for two seconds, nor does anything else. */
function stall(): void {
  const endMs = performance.now() + 2_000;
  while (performance.now() < endMs);
}

/** Sends until it can't, to a client that does not read. */
async function flood(socket: WebSocket): Promise<void> {
  const bytes = new Uint8Array(1_000_000);
  let count = 0;
  for (; socket.readyState === WebSocket.OPEN; count += 1) {
    socket.send(bytes);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log(`flooded with ${count} MB`);
}

/** A WebSocket to another service, whose messages go on to the one here. */
function join(socket: WebSocket, url: string): void {
  const other = new WebSocket(url, ["joined"]);
  other.binaryType = "arraybuffer";
  other.onopen = () => socket.send(`joined ${other instanceof WebSocket} ${other.protocol}`);
  other.onmessage = ({ data }) => socket.send(data);
  other.onclose = ({ code, reason }) => socket.close(code === 1006 ? 1011 : code, reason);
  other.onerror = (event) => {
    console.log(`other failed: ${event instanceof ErrorEvent ? event.message : "?"}`);
  };
  socket.onmessage = ({ data }) => other.send(data);
}

export default {
  fetch(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/pid") return Response.json({ pid: Deno.pid });
    if (pathname === "/refuse") return new Response("not you", { status: 403 });
    if (request.headers.get("upgrade") !== "websocket") return new Response("no WebSocket");
    const protocol = request.headers.get("sec-websocket-protocol")?.split(", ").at(-1);
    const { socket, response } = Deno.upgradeWebSocket(request, protocol ? { protocol } : {});
    const id = searchParams.get("id");
    socket.onopen = () => console.log(`opened ${id}`);
    socket.onmessage = ({ data }) => answer(socket, data);
    socket.onclose = ({ code, reason, wasClean }) =>
      console.log(`closed ${id} ${code} ${reason} ${wasClean}`);
    const url = searchParams.get("join");
    if (url !== null) join(socket, url);
    return response;
  },
};
