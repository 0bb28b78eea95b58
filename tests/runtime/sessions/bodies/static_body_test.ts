import { assertEquals } from "@std/assert";
import {
  describeStaticBodies,
  expectStaticBodies,
  postponeStaticBodies,
  staticBodyOf,
} from "../../../../runtime/sessions/bodies/static_body.ts";

function textOf(body: string | Uint8Array | undefined): string | undefined {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
}

Deno.test("staticBodyOf() finds what a response was made of, text or bytes", () => {
  const headers = { "content-type": "text/plain" };
  const bytes = new TextEncoder().encode("bytes");
  assertEquals(textOf(staticBodyOf(new Response("text"))), "text");
  assertEquals(textOf(staticBodyOf(new Response("text", { headers, status: 404 }))), "text");
  assertEquals(textOf(staticBodyOf(new Response(bytes))), "bytes");
  assertEquals(textOf(staticBodyOf(new Response(bytes, { headers }))), "bytes");
  assertEquals(textOf(staticBodyOf(Response.json({ a: 1 }))), '{"a":1}');
  assertEquals(textOf(staticBodyOf(new Response(""))), "");
});

Deno.test("staticBodyOf() finds the bytes as they were when the response was made", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const response = new Response(bytes.subarray(1));
  bytes.fill(9);
  assertEquals(staticBodyOf(response), Uint8Array.of(2, 3));
});

Deno.test("staticBodyOf() finds nothing where there is a stream or no body", () => {
  const asked = new Response("text");
  asked.body?.getReader();
  const looked = new Response("text", { headers: { "content-type": "text/plain" } });
  const stream = looked.body;
  const responses = [
    asked,
    looked,
    new Response(stream === null ? null : new ReadableStream()),
    new Response(null),
    new Response(),
    new Response(new FormData()),
  ];
  for (const response of responses) assertEquals(staticBodyOf(response), undefined);
});

Deno.test("postponeStaticBodies() finds nothing until it may look", () => {
  const look = postponeStaticBodies();
  assertEquals(staticBodyOf(new Response("text")), undefined);
  look();
  assertEquals(textOf(staticBodyOf(new Response("text"))), "text");
});

Deno.test("expectStaticBodies() finds what another process has found the places of", () => {
  const places = JSON.parse(JSON.stringify(describeStaticBodies()));
  expectStaticBodies(places);
  postponeStaticBodies();
  assertEquals(textOf(staticBodyOf(new Response("text"))), "text");
  assertEquals(textOf(staticBodyOf(Response.json({ a: 1 }))), '{"a":1}');
  assertEquals(textOf(staticBodyOf(new Response(Uint8Array.of(98)))), "b");
  const asked = new Response("text");
  asked.body?.getReader();
  assertEquals(staticBodyOf(asked), undefined);
  assertEquals(staticBodyOf(new Response(null)), undefined);
});

Deno.test("expectStaticBodies() finds nothing at places that there are not", () => {
  expectStaticBodies([{ slot: "elsewhere", isInside: false }]);
  assertEquals(staticBodyOf(new Response("text")), undefined);
});
