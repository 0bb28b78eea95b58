/** Prints a line ten times a second, whether or not anybody asks. */
let count = 0;
setInterval(() => console.log(`word ${count += 1}`), 100);

export default { fetch: () => new Response(`said ${count}`) };
