/**
 * Requests that two servers in a row could read in two ways. What the first of them refuses must
 * never reach the service, and what it takes must be seen in the same way by both.
 *
 * @module
 */

import { askText, type Case, freshID, requestBytes, toldOf } from "../case.ts";
import { latin, RawConnection, type RawResponse } from "../raw_http.ts";

/** A second request, hidden where a careless server would find it. */
const HIDDEN = "GET /seen/ID/hidden HTTP/1.1\r\nhost: HOST\r\n\r\n";

/** What every attempt ends with, so that the server hangs up when it has answered all of it. */
const LAST = { target: "/do/static?size=3&kind=text", headers: ["connection: close"] };

const POST = "POST /seen/ID/first HTTP/1.1\r\nhost: HOST\r\n";
const GET = "GET /seen/ID/first HTTP/1.1\r\nhost: HOST\r\n";

const ATTEMPTS: Readonly<Record<string, string>> = {
  "two different lengths": `${POST}content-length: 0\r\ncontent-length: 60\r\n\r\n${HIDDEN}`,
  "two equal lengths": `${POST}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`,
  "a list of lengths": `${POST}content-length: 5, 5\r\n\r\nhello`,
  "a list of different lengths": `${POST}content-length: 5, 60\r\n\r\nhello${HIDDEN}`,
  "a length with a sign": `${POST}content-length: +5\r\n\r\nhello`,
  "a negative length": `${POST}content-length: -5\r\n\r\nhello`,
  "a length in hexadecimal": `${POST}content-length: 0x5\r\n\r\nhello`,
  "a length with a fraction": `${POST}content-length: 5.0\r\n\r\nhello`,
  "an empty length": `${POST}content-length: \r\n\r\nhello`,
  "a length that is too large": `${POST}content-length: 99999999999999999999\r\n\r\nhello`,
  "a length and chunks":
    `${POST}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  "chunks and a length":
    `${POST}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  "a length that hides a request behind chunks":
    `${POST}content-length: 65\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "chunks twice": `${POST}transfer-encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  "chunks in two lines":
    `${POST}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  "chunks that are not last": `${POST}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
  "gzip before chunks": `${POST}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  "an unknown coding": `${POST}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  "identity as a coding": `${POST}transfer-encoding: identity\r\ncontent-length: 5\r\n\r\nhello`,
  "chunks in capitals": `${POST}Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  "a tab before chunked": `${POST}transfer-encoding:\tchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  "a vertical tab before chunked": `${POST}transfer-encoding: \u000bchunked\r\n\r\n0\r\n\r\n`,
  "quotes around chunked": `${POST}transfer-encoding: "chunked"\r\n\r\n0\r\n\r\n`,
  "a space before the colon of chunked": `${POST}transfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
  "a space before the colon of a length": `${POST}content-length : 5\r\n\r\nhello`,
  "a space before a name": `${GET} x-a: 1\r\n\r\n`,
  "a folded header": `${GET}x-a: 1\r\n x-b: 2\r\n\r\n`,
  "a folded coding": `${POST}transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
  "a name that is empty": `${GET}: 1\r\n\r\n`,
  "a line without a colon": `${GET}x-a\r\n\r\n`,
  "a name with a bracket": `${GET}x(a: 1\r\n\r\n`,
  "a null byte in a value": `${GET}x-a: 1\u00002\r\n\r\n`,
  "a lone carriage return in a value": `${GET}x-a: 1\rx-b: 2\r\n\r\n`,
  "lone line feeds": `GET /seen/ID/first HTTP/1.1\nhost: HOST\nx-a: 1\n\n`,
  "a lone line feed that hides a header": `${GET}x-a: 1\nx-b: 2\r\n\r\n`,
  "empty lines before a request": `\r\n\r\n${GET}\r\n`,
  "two hosts": `${GET}host: other.test\r\n\r\n`,
  "no host": "GET /seen/ID/first HTTP/1.1\r\n\r\n",
  "a host with a path": "GET /seen/ID/first HTTP/1.1\r\nhost: HOST/x\r\n\r\n",
  "a host with a user": "GET /seen/ID/first HTTP/1.1\r\nhost: a@HOST\r\n\r\n",
  "a version that there is not": "GET /seen/ID/first HTTP/1.2\r\nhost: HOST\r\n\r\n",
  "HTTP/2 in words": "GET /seen/ID/first HTTP/2.0\r\nhost: HOST\r\n\r\n",
  "no version": "GET /seen/ID/first\r\n\r\n",
  "a tab in the request line": "GET\t/seen/ID/first\tHTTP/1.1\r\nhost: HOST\r\n\r\n",
  "a method with a space in front": " GET /seen/ID/first HTTP/1.1\r\nhost: HOST\r\n\r\n",
  "an encoded line break in the path":
    "GET /seen/ID/a%0d%0ax-injected:%201 HTTP/1.1\r\nhost: HOST\r\n\r\n",
  "an encoded line break in the query":
    "GET /seen/ID/first?a=%0d%0ax-injected:%201 HTTP/1.1\r\nhost: HOST\r\n\r\n",
  "a body behind GET without a length": `${GET}\r\n${HIDDEN}`,
  "a body behind GET with a length": `${GET}content-length: 5\r\n\r\nhello`,
  "chunks with leading zeros":
    `${POST}transfer-encoding: chunked\r\n\r\n0005\r\nhello\r\n0\r\n\r\n`,
  "chunks with spaces": `${POST}transfer-encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n`,
  "a request behind the end of chunks":
    `${POST}transfer-encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "a request in trailers":
    `${POST}transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 5\r\nhost: x\r\n\r\n${HIDDEN}`,
  "names of framing as Connection has them":
    `${POST}connection: content-length, close\r\ncontent-length: 5\r\n\r\nhello`,
  "a name of the gateway as Connection has it":
    `${GET}connection: close, x-forwarded-for, x-request-id\r\n\r\n`,
  "an underscore instead of a dash": `${POST}content_length: 5\r\n\r\n`,
};

/** Bodies whose start is fine, and whose end there is not: behind `transfer-encoding: chunked`. */
const BROKEN: Readonly<Record<string, string>> = {
  "chunks with a sign": `+5\r\nhello\r\n0\r\n\r\n`,
  "chunks with 0x": `0x5\r\nhello\r\n0\r\n\r\n`,
  "chunks that are too large": `fffffffffffffffff\r\nhello\r\n0\r\n\r\n`,
  "chunks that are longer than they say": `5\r\nhello!!\r\n0\r\n\r\n`,
  "chunks with lone line feeds": `5\nhello\n0\n\n`,
  "chunks with a lone line feed in an extension": `5;a\nb\r\nhello\r\n0\r\n\r\n`,
  "chunks without an end, then a request": `5\r\nhello\r\n${HIDDEN}`,
};

/** All responses until the server hangs up, and all that the service has seen. */
const whole = Object.entries(ATTEMPTS).map(([name, text]): Case => ({
  name: `smuggling: ${name}`,
  async run(world) {
    const id = freshID();
    using connection = await RawConnection.open(world.port);
    const written = text.replaceAll("ID", id).replaceAll("HOST", world.host);
    await connection.send(latin(written));
    await connection.send(requestBytes(world, LAST));
    const responses = await allResponses(connection);
    const seen = JSON.parse(await askText(world, `/do/seen?id=${id}`));
    const result = JSON.stringify({ responses: responses.map(toldOf), seen });
    return JSON.parse(result.replaceAll(id, "ID"));
  },
}));

/**
 * The start of a request whose body breaks may reach the service, and an answer that needs none of
 * the body may come; but nothing behind the break is a request, and the service never sees an end.
 */
const broken = Object.entries(BROKEN).map(([name, text]): Case => ({
  name: `smuggling: ${name}`,
  async run(world) {
    const id = freshID();
    using connection = await RawConnection.open(world.port);
    const target = `/do/receive?id=${id}`;
    const headers = ["transfer-encoding: chunked"];
    await connection.send(requestBytes(world, { method: "POST", target, headers }));
    await connection.send("3\r\nabc\r\n");
    await askText(world, `/do/outcome?id=${id}-begun`);
    await connection.send(latin(text.replaceAll("ID", id).replaceAll("HOST", world.host)));
    await connection.send(requestBytes(world, LAST));
    const outcome = await askText(world, `/do/outcome?id=${id}`);
    const responses = await allResponses(connection);
    const seen: unknown = JSON.parse(await askText(world, `/do/seen?id=${id}`));
    return { outcome, seen, statuses: responses.map(({ status }) => status) };
  },
}));

async function allResponses(connection: RawConnection): Promise<RawResponse[]> {
  const responses: RawResponse[] = [];
  for (let response; (response = await connection.response()) !== undefined;) {
    responses.push(response);
    if (!response.isWhole) break;
  }
  return responses;
}

/** The cases. */
export const SMUGGLING: readonly Case[] = [...whole, ...broken];
