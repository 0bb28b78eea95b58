/**
 * A service that asks another one, and passes the answer on.
 */
export default {
  fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const { method, body, signal } = request;
    return fetch(`http://work.mesh${pathname}${search}`, { method, body, signal });
  },
};
