/**
 * The service of a soak: its answers follow from what it was asked, so that they can be checked.
 */
import { patternStream, readPattern } from "../pattern.ts";

/** Sends every message back. */
function echo(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

/** Events that come one by one, a moment apart. */
function events(count: number): Response {
  const encoder = new TextEncoder();
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (at === count) return controller.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
      controller.enqueue(encoder.encode(`data: ${at}\n\n`));
      at += 1;
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get("id") ?? "";
    const number = (name: string) => Number(searchParams.get(name));
    switch (pathname) {
      case "/pid":
        return Response.json({ pid: Deno.pid });
      case "/small":
        return Response.json({ id, method: request.method });
      case "/echo":
        return new Response(await request.text());
      case "/big":
        return new Response(
          patternStream(number("seed"), { bytes: number("bytes"), pieceBytes: 16_384 }),
        );
      case "/check":
        return Response.json(await readPattern(number("seed"), request.body));
      case "/events":
        return events(number("count"));
      case "/socket":
        return echo(request);
      case "/never":
        return await new Promise<never>(() => {});
      default:
        return new Response("nothing here", { status: 404 });
    }
  },
};
