/** Starts processes of its own: one in its process group that would outlive it, and says so. */
const child = new Deno.Command("sleep", { args: ["600"] }).spawn();
console.log(`child ${child.pid}`);

export default {
  fetch: (): Response => Response.json({ pid: Deno.pid, child: child.pid }),
};
