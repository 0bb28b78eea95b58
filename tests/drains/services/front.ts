/** A service that passes what it is sent on to another one. */

export default {
  async fetch(request: Request): Promise<Response> {
    const { search } = new URL(request.url);
    const body = request.method === "POST" ? await request.text() : null;
    return await fetch(`http://work.mesh/${search}`, { method: request.method, body });
  },
};
