import { assertEquals, assertRejects } from "@std/assert";
import { fetchFollowing } from "../../../runtime/service/calls/redirects.ts";

type Answers = Readonly<Record<string, { status: number; location?: string }>>;

/** What is sent when a request is answered by a table of URLs; every other URL is answered 200. */
async function follow(
  [url, init]: [url: string, init?: RequestInit],
  answers: Answers,
): Promise<{ response: Response; sent: string[]; last: Request }> {
  const sent: string[] = [];
  let last = new Request(url);
  const response = await fetchFollowing(new Request(url, init), {
    init,
    send: async (request) => {
      last = request.clone();
      sent.push(`${request.method} ${request.url} ${await request.text()}`.trim());
      const { status = 200, location } = answers[request.url] ?? {};
      return new Response(
        null,
        location === undefined ? { status } : { status, headers: { location } },
      );
    },
  });
  return { response, sent, last };
}

Deno.test("fetchFollowing() follows redirects by the rules of the Fetch standard", async () => {
  const expected: [status: number, method: string, then: string][] = [
    [301, "POST", "GET http://a.mesh/b"],
    [302, "POST", "GET http://a.mesh/b"],
    [303, "PUT", "GET http://a.mesh/b"],
    [303, "HEAD", "HEAD http://a.mesh/b"],
    [302, "PUT", "PUT http://a.mesh/b x"],
    [307, "POST", "POST http://a.mesh/b x"],
    [308, "DELETE", "DELETE http://a.mesh/b x"],
  ];
  for (const [status, method, then] of expected) {
    const init = { method, body: method === "HEAD" ? null : "x" };
    const answers = { "http://a.mesh/a": { status, location: "b" } };
    const { response, sent, last } = await follow(["http://a.mesh/a", init], answers);
    assertEquals(sent[1], then, `${status} ${method}`);
    assertEquals([response.redirected, response.url], [true, "http://a.mesh/b"]);
    assertEquals(last.headers.has("content-type"), then.endsWith(" x"));
  }
});

Deno.test("fetchFollowing() gives a secret to no other origin", async () => {
  const headers = { authorization: "Bearer x", "x-kept": "1" };
  for (const [location, kept] of [["/b", "Bearer x"], ["http://b.mesh/", null]] as const) {
    const answers = { "http://a.mesh/a": { status: 302, location } };
    const { last } = await follow(["http://a.mesh/a", { headers }], answers);
    assertEquals([last.headers.get("authorization"), last.headers.get("x-kept")], [kept, "1"]);
  }
});

Deno.test("fetchFollowing() leaves a redirect alone that is none, or is not followed", async () => {
  for (
    const answer of [{ status: 302 }, { status: 201, location: "/b" }, {
      status: 304,
      location: "/b",
    }]
  ) {
    const { response, sent } = await follow(["http://a.mesh/a#c"], { "http://a.mesh/a#c": answer });
    assertEquals([response.status, response.redirected, sent.length], [answer.status, false, 1]);
    assertEquals(response.url, "http://a.mesh/a");
  }
  const answers = { "http://a.mesh/a": { status: 302, location: "/b" } };
  const { response } = await follow(["http://a.mesh/a", { redirect: "manual" }], answers);
  assertEquals([response.status, response.statusText], [302, "Found"]);
});

Deno.test("fetchFollowing() refuses a redirect that must not, or cannot be followed", async () => {
  const to = (location: string) => ({ "http://a.mesh/a": { status: 307, location } });
  const refused: [init: RequestInit, answers: Answers, why: string][] = [
    [{ redirect: "error" }, to("/b"), "redirects to"],
    [{}, to("/a"), "more than 20"],
    [{}, to("file:///etc/passwd"), "no address of HTTP"],
    [{}, to("http://"), "no address of HTTP"],
    [{ method: "POST", body: ReadableStream.from([new Uint8Array(1)]) }, to("/b"), "been sent"],
  ];
  for (const [init, answers, why] of refused) {
    await assertRejects(() => follow(["http://a.mesh/a", init], answers), TypeError, why);
  }
});
