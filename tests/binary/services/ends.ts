/** Ends its process in the way that a request names. */
import process from "node:process";

const WAYS: Readonly<Record<string, () => unknown>> = {
  "/exit": () => Deno.exit(7),
  "/process-exit": () => process.exit(8),
  "/throw": () =>
    setTimeout(() => {
      throw new Error("thrown on purpose");
    }),
  "/reject": () => void Promise.reject(new Error("rejected on purpose")),
  "/signal": () => {
    Deno.addSignalListener("SIGTERM", () => Deno.exit(9));
    console.log("listening for SIGTERM");
  },
};

export default {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/pid") return Response.json({ pid: Deno.pid });
    WAYS[pathname]?.();
    return new Response("it goes on");
  },
};
