/**
 * A service that asks the next one, or is the last: what a chain of services is made of.
 *
 * @module
 */

const next = Deno.env.get("NEXT") ?? "";

export default {
  fetch: () => next === "" ? new Response("the end\n") : fetch(`http://${next}.mesh/`),
};
