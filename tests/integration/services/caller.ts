/** Calls other services: `/fetch/NAME/PATH` by the global fetch, `/plug/NAME/PATH` by a plug. */
import { plug } from "../../../mod.ts";

export default {
  fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const [, way, name = "", ...rest] = pathname.split("/");
    const path = `/${rest.join("/")}${search}`;
    return way === "plug" ? plug(name).fetch(path) : fetch(`http://${name}.mesh${path}`);
  },
};
