/** Holds itself open, refuses to end, and reads what it may not, as it is asked. */
import { busy, onDrain } from "../../../mod.ts";

let refusals = 0;
onDrain((reason) => {
  console.log(`asked to end: ${reason}`);
  if (refusals === 0) return undefined;
  refusals -= 1;
  return { refuse: "it exports", retryAfterMs: 500 };
});

async function work(): Promise<void> {
  using _ = busy("an export");
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  console.log("exported");
}

export default {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/work") void work();
    if (pathname === "/refuse") refusals += 1;
    if (pathname === "/read") return new Response(Deno.readTextFileSync("/etc/hostname"));
    return new Response("done");
  },
};
