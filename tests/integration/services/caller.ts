/**
 * Calls other services: `/fetch/NAME/PATH` by the global fetch, `/plug/NAME/PATH` by a plug, and
 * `/quick/NAME/PATH` by one with deadlines. `/pid` tells its process.
 */
import { plug } from "../../../mod.ts";

export default {
  fetch(request: Request): Response | Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/pid") return Response.json({ pid: Deno.pid });
    const [, way, name = "", ...rest] = pathname.split("/");
    const path = `/${rest.join("/")}${search}`;
    if (way === "quick") return plug(name, { firstByteMs: 300, idleMs: 300 }).fetch(path);
    return way === "plug" ? plug(name).fetch(path) : fetch(`http://${name}.mesh${path}`);
  },
};
