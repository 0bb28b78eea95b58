/** Counts its visits in Redis, which the first of them starts. `redis-cli get visits` sees them. */
import { plug } from "../../mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export default {
  async fetch(): Promise<Response> {
    using redis = await plug("redis").connect();
    await redis.writable.getWriter().write(encoder.encode("INCR visits\r\n"));
    const { value } = await redis.readable.getReader().read();
    const [, visits = "no"] = /^:(\d+)\r\n/.exec(decoder.decode(value)) ?? [];
    return new Response(`${visits} visits\n`);
  },
};
