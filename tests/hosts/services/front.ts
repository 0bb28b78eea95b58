/** Answers with what another service answers, which may be on another host. */
export default {
  async fetch(): Promise<Response> {
    const response = await fetch("http://back.mesh/");
    const text = await response.text();
    return new Response(`front ${Deno.pid}, ${text}`, { status: response.status });
  },
};
