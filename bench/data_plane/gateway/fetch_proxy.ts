/**
 * The proxy that one writes in a minute: `Deno.serve` and `fetch`; prints its port.
 *
 * @module
 */

const upstream = `http://127.0.0.1:${Deno.args[0]}`;

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(JSON.stringify({ port })),
}, (request) => {
  const { method, headers, body, url } = request;
  const { pathname, search } = new URL(url);
  return fetch(`${upstream}${pathname}${search}`, { method, headers, body, redirect: "manual" });
});
