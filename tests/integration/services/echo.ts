/** A service that does what a test asks for, and says on stdout how far it has come. */

const held = new Map<string, PromiseWithResolvers<void>>();
const streams = new Map<string, ReadableStreamDefaultController<Uint8Array>>();
const encoder = new TextEncoder();

function holdOf(id: string): PromiseWithResolvers<void> {
  const hold = held.get(id) ?? Promise.withResolvers<void>();
  held.set(id, hold);
  return hold;
}

async function upload(request: Request): Promise<Response> {
  let all = "";
  for await (const text of request.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    console.log(`received ${text}`);
    all += text;
  }
  return new Response(all);
}

/** A body whose chunks are sent by `/push` and whose end by `/end`. */
function stream(id: string): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => void streams.set(id, controller),
    cancel: () => console.log(`cancelled ${id}`),
  });
  return new Response(body);
}

/** A body that takes a second, in ten chunks. */
function slow(): Response {
  let count = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (count > 0) await new Promise((resolve) => setTimeout(resolve, 100));
      if (count === 10) return controller.close();
      controller.enqueue(encoder.encode(`${count}`));
      count += 1;
    },
  });
  return new Response(body);
}

async function hold(id: string, request: Request): Promise<Response> {
  request.signal.addEventListener("abort", () => console.log(`aborted ${id}`));
  console.log(`holding ${id}`);
  await holdOf(id).promise;
  return new Response(`held ${id}`);
}

function spin(): never {
  console.log("spinning");
  for (;;);
}

export default {
  fetch(request: Request): Response | Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get("id") ?? "";
    switch (pathname) {
      case "/pid":
        return Response.json({ pid: Deno.pid });
      case "/who":
        return new Response(id);
      case "/request": {
        const { method, url, headers } = request;
        return Response.json({ method, url, headers: Object.fromEntries(headers) });
      }
      case "/upload":
        return upload(request);
      case "/mirror":
        return new Response(request.body);
      case "/stream":
        return stream(id);
      case "/push":
        streams.get(id)?.enqueue(encoder.encode(searchParams.get("text") ?? ""));
        return new Response();
      case "/end":
        streams.get(id)?.close();
        return new Response();
      case "/slow":
        return slow();
      case "/hold":
        return hold(id, request);
      case "/release":
        holdOf(id).resolve();
        return new Response();
      case "/throw":
        throw new Error("thrown on purpose");
      case "/crash":
        console.error("crashing on purpose");
        return Deno.exit(7);
      case "/spin":
        return spin();
      default:
        return new Response(`echo ${pathname}`, { status: pathname === "/" ? 200 : 404 });
    }
  },
};
