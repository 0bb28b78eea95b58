/** Answers who it is; prints, since a service must not notice that nobody reads it. */
export default {
  fetch(request: Request): Response {
    const id = new URL(request.url).searchParams.get("id");
    console.log(`asked ${id}`);
    console.error(`asked ${id} too`);
    if (id === "crash") Deno.exit(7);
    return new Response(`${Deno.pid} ${id}`);
  },
};
