/** A service that gets sick in the way that a test asks for. */

let isHanging = false;
const never = new Promise<Response>(() => {});

/** Keeps the event loop from doing anything else. */
function block(durationMs: number): void {
  const untilMs = performance.now() + durationMs;
  while (performance.now() < untilMs);
}

export default {
  fetch(request: Request): Response | Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/pid":
        return Response.json({ pid: Deno.pid });
      case "/spin":
        block(Infinity);
        break;
      case "/block":
        block(Number(searchParams.get("ms")));
        break;
      case "/hang":
        isHanging = true;
        break;
    }
    return isHanging ? never : new Response("well");
  },
};
