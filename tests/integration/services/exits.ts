/** Ends while it starts, and says why. */
console.error("first words");
console.error("last words: no database");
Deno.exit(3);

export default { fetch: (): Response => new Response() };
