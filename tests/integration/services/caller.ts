/**
 * Calls other services: `/fetch/NAME/PATH` by the global fetch, `/plug/NAME/PATH` by a plug. `/pid`
 * tells its process.
 */
import { plug } from "../../../mod.ts";

export default {
  fetch(request: Request): Response | Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/pid") return Response.json({ pid: Deno.pid });
    const [, way, name = "", ...rest] = pathname.split("/");
    const path = `/${rest.join("/")}${search}`;
    return way === "plug" ? plug(name).fetch(path) : fetch(`http://${name}.mesh${path}`);
  },
};
