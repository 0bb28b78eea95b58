/** What things cost. */
const PRICES: Readonly<Record<string, number>> = { apple: 2, bread: 3 };

export default {
  fetch(request: Request): Response {
    const thing = new URL(request.url).pathname.slice(1);
    const price = PRICES[thing];
    return price === undefined
      ? new Response(`no ${thing}\n`, { status: 404 })
      : Response.json({ thing, price });
  },
};
