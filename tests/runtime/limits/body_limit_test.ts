import { assert, assertEquals, assertRejects } from "@std/assert";
import { BodyTooLargeError, limitedBody, saysTooMuch } from "../../../runtime/limits/body_limit.ts";
import { countedStream } from "../sessions/session_pair.ts";

Deno.test("limitedBody() passes what is small enough, and breaks where it is not", async () => {
  const { stream: fits } = countedStream(300, 100);
  assertEquals((await new Response(limitedBody(fits, 300)).bytes()).length, 300);
  const { stream: large, produced } = countedStream(1_000_000, 100);
  await assertRejects(() => new Response(limitedBody(large, 299)).bytes(), BodyTooLargeError);
  assert(produced() < 1_000, `${produced()} bytes were read`);
});

Deno.test("saysTooMuch() believes the length that a request tells", () => {
  const says = (length: string) =>
    saysTooMuch(new Request("http://a.test/", { headers: { "content-length": length } }), 10);
  assertEquals([says("10"), says("11")], [false, true]);
  assertEquals(saysTooMuch(new Request("http://a.test/"), 10), false);
});
