/** A service that tells what it gets when it fetches from the subject. */
import { fetches } from "./fetches.ts";

export default {
  async fetch(): Promise<Response> {
    return Response.json(await fetches("http://subject.mesh", "fetcher"));
  },
};
