import { assertEquals, assertInstanceOf } from "@std/assert";
import { meshResponse } from "../../../runtime/service/calls/mesh_response.ts";

const URL_OF_IT = "http://a.mesh/b?c";

Deno.test("meshResponse() says what fetch says, in all that can be seen", async () => {
  const headers: [string, string][] = [["content-type", "text/plain"]];
  const response = meshResponse(URL_OF_IT, { status: 404, headers, body: "text", bodyBytes: 4 });
  assertInstanceOf(response, Response);
  assertEquals(response.constructor.name, "Response");
  assertEquals([response.status, response.statusText, response.ok], [404, "Not Found", false]);
  assertEquals([response.url, response.redirected, response.type], [URL_OF_IT, false, "default"]);
  assertEquals([...response.headers], [["content-length", "4"], ["content-type", "text/plain"]]);
  const copy = new Response(response.body, response);
  assertEquals([copy.status, copy.statusText], [404, "Not Found"]);
  assertEquals(copy.headers.get("content-length"), "4");
  assertEquals(await copy.text(), "text");
});

Deno.test("meshResponse() keeps the length that the service told, and one that is removed", () => {
  const headers: [string, string][] = [["content-length", "4"], ["x-a", "1"], ["x-a", "2"]];
  const told = meshResponse(URL_OF_IT, { status: 200, headers, body: "text", bodyBytes: 4 });
  assertEquals(told.headers.get("content-length"), "4");
  assertEquals(told.headers.get("x-a"), "1, 2");
  told.headers.delete("content-length");
  assertEquals(told.headers.has("content-length"), false);
  const streamed = meshResponse(URL_OF_IT, { status: 204, headers: [], body: null });
  assertEquals([...streamed.headers], []);
});
