/** A service that says what it was sent, takes its time, and has things in flight for long. */

const HOLD_MS = Number(Deno.env.get("HOLD_MS"));

/** Resolves when a test has let go of what is in flight. */
async function released(): Promise<void> {
  for (;;) {
    try {
      Deno.statSync(`${Deno.env.get("SIGNALS")}/release`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function events(): Response {
  let count = 0;
  const body = new ReadableStream<string>({
    async pull(controller) {
      if (count > 0) await released();
      controller.enqueue(`data: ${count}\n\n`);
      count += 1;
      if (count === 5) controller.close();
    },
  });
  const headers = { "content-type": "text/event-stream" };
  return new Response(body.pipeThrough(new TextEncoderStream()), { headers });
}

/** Answers at once that it has begun, and at the end of the upload how much came. */
function upload(request: Request): Response {
  async function* answer() {
    yield "began ";
    let bytes = 0;
    for await (const chunk of request.body ?? []) bytes += chunk.length;
    yield `${bytes}`;
  }
  return new Response(ReadableStream.from(answer()).pipeThrough(new TextEncoderStream()));
}

function socket(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(`${data} ${Deno.pid}`);
  return response;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/events") return events();
    if (pathname === "/upload") return upload(request);
    if (pathname === "/socket") return socket(request);
    const body = await request.text();
    if (HOLD_MS > 0) await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
    return new Response(`${searchParams.get("n")} ${body}`);
  },
};
