/** A service that passes every request on to the subject, with nothing but `fetch`. */
export default {
  fetch(request: Request): Promise<Response> {
    const { href, origin } = new URL(request.url);
    const { method, headers, body, signal } = request;
    return fetch(`http://subject.mesh${href.slice(origin.length)}`, {
      method,
      headers,
      body,
      signal,
      redirect: "manual",
    });
  },
};
