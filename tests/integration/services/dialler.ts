/** Connects to a service that speaks tcp: what it is asked is said there, and the answer is its. */
import { plug } from "../../../mod.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    const service = new URL(request.url).pathname.slice(1);
    try {
      using connection = await plug(service).connect();
      const said = request.body?.pipeTo(connection.writable);
      const answer = await new Response(connection.readable).text();
      await said;
      return new Response(answer);
    } catch (error) {
      return new Response(String(error), { status: 502 });
    }
  },
};
