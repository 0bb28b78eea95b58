/** Says which process it is; `/slow` takes a second. */
export default {
  async fetch(request: Request): Promise<Response> {
    const isSlow = new URL(request.url).pathname === "/slow";
    if (isSlow) await new Promise((resolve) => setTimeout(resolve, 1_000));
    return new Response(`back ${Deno.pid}`);
  },
};
