/** Never gets as far as being a service. */
console.error("waiting for a lock");
await new Promise((resolve) => setTimeout(resolve, 600_000));

export default { fetch: (): Response => new Response() };
