/**
 * Bodies that are written while they are read, and what ends them early.
 *
 * @module
 */

import { askText, type Case, freshID, requestBytes, told, toldHead, toldOf } from "../case.ts";
import { RawConnection, type RawHead } from "../raw_http.ts";
import { patternOf } from "../services/bodies.ts";
import type { World } from "../worlds.ts";

const decoder = new TextDecoder();

/** Opens a stream that `/do/push` writes to, and reads what it begins with. */
async function openStream(
  world: World,
  connection: RawConnection,
  target: string,
): Promise<{ head: RawHead; first: string }> {
  await connection.send(requestBytes(world, { target }));
  const head = await connection.head();
  if (head === undefined) throw new Error(`Cannot read "${target}": the server hung up`);
  return { head, first: await pieceOf(connection, head) };
}

async function pieceOf(connection: RawConnection, head: RawHead): Promise<string> {
  const piece = await connection.piece(head);
  return typeof piece === "string" ? piece : decoder.decode(piece);
}

const arriving: Case[] = ["events", "pushable"].map((what) => ({
  name: `each piece of ${what} arrives when it is written`,
  async run(world) {
    using connection = await RawConnection.open(world.port);
    const id = freshID();
    const { head, first } = await openStream(world, connection, `/do/${what}?id=${id}`);
    const pieces = [first];
    for (const text of ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]) {
      await askText(world, `/do/push?id=${id}&text=${encodeURIComponent(text)}`);
      pieces.push(await pieceOf(connection, head));
    }
    await askText(world, `/do/end?id=${id}`);
    pieces.push(await pieceOf(connection, head));
    return { head: toldHead(head), pieces };
  },
}));

const echo: Case = {
  name: "both bodies at once, each piece sent back before the next is written",
  async run(world) {
    using connection = await RawConnection.open(world.port);
    const headers = ["transfer-encoding: chunked"];
    await connection.send(requestBytes(world, { method: "POST", target: "/do/echo", headers }));
    await connection.send("5\r\nfirst\r\n");
    const head = await connection.head();
    if (head === undefined) return "hung up";
    const pieces = [await pieceOf(connection, head)];
    for (const text of ["second", "third"]) {
      await connection.send(`${text.length.toString(16)}\r\n${text}\r\n`);
      pieces.push(await pieceOf(connection, head));
    }
    await connection.send("0\r\n\r\n");
    pieces.push(await pieceOf(connection, head));
    return { status: head.status, pieces };
  },
};

const breaking: Case[] = [
  {
    name: "a chunked response that breaks is not ended",
    async run(world) {
      using connection = await RawConnection.open(world.port);
      const id = freshID();
      const { head, first } = await openStream(world, connection, `/do/pushable?id=${id}`);
      await askText(world, `/do/break?id=${id}`);
      return { first, framing: head.framing, then: await pieceOf(connection, head) };
    },
  },
  {
    name: "a response with a length that breaks stays short",
    async run(world) {
      using connection = await RawConnection.open(world.port);
      const id = freshID();
      const target = `/do/pushable?id=${id}&size=100`;
      const { head, first } = await openStream(world, connection, target);
      await askText(world, `/do/break?id=${id}`);
      return { first, framing: head.framing, then: await pieceOf(connection, head) };
    },
  },
  {
    name: "a response that ends before its length stays short",
    async run(world) {
      using connection = await RawConnection.open(world.port);
      const id = freshID();
      const target = `/do/pushable?id=${id}&size=100`;
      const { head, first } = await openStream(world, connection, target);
      await askText(world, `/do/end?id=${id}`);
      return { first, framing: head.framing, then: await pieceOf(connection, head) };
    },
  },
];

const leaving: Case[] = [
  {
    name: "a client that leaves before the answer aborts the request",
    async run(world) {
      const id = freshID();
      {
        using connection = await RawConnection.open(world.port);
        await connection.send(requestBytes(world, { target: `/do/never?id=${id}` }));
        await askText(world, `/do/outcome?id=${id}-begun`);
      }
      return await askText(world, `/do/outcome?id=${id}`);
    },
  },
  {
    name: "a client that closes its half before the answer is taken for one that left",
    async run(world) {
      const id = freshID();
      using connection = await RawConnection.open(world.port);
      await connection.send(requestBytes(world, { target: `/do/never?id=${id}` }));
      await askText(world, `/do/outcome?id=${id}-begun`);
      await connection.end();
      return await askText(world, `/do/outcome?id=${id}`);
    },
  },
  {
    name: "a client that leaves in the response cancels it",
    async run(world) {
      const id = freshID();
      {
        using connection = await RawConnection.open(world.port);
        await openStream(world, connection, `/do/pushable?id=${id}`);
      }
      return await askText(world, `/do/outcome?id=${id}`);
    },
  },
  {
    name: "a client that leaves in the request breaks its body",
    async run(world) {
      const id = freshID();
      {
        using connection = await RawConnection.open(world.port);
        const headers = ["content-length: 100"];
        const target = `/do/receive?id=${id}`;
        await connection.send(requestBytes(world, { method: "POST", target, headers }));
        await connection.send("some");
        await askText(world, `/do/outcome?id=${id}-begun`);
      }
      return await askText(world, `/do/outcome?id=${id}`);
    },
  },
  {
    name: "an answer that comes before the end of the request",
    async run(world) {
      using connection = await RawConnection.open(world.port);
      const headers = ["content-length: 1000000"];
      const target = "/do/static?size=5&kind=text";
      await connection.send(requestBytes(world, { method: "POST", target, headers }));
      await connection.send(patternOf(1_000));
      return toldOf(await connection.response());
    },
  },
];

const expecting: Case[] = [
  {
    name: "expect 100-continue, with the body behind it",
    async run(world) {
      using connection = await RawConnection.open(world.port);
      const headers = ["content-length: 5", "expect: 100-continue"];
      await connection.send(requestBytes(world, { method: "POST", target: "/a", headers }));
      const interim = await connection.line();
      await connection.line();
      await connection.send("hello");
      return { interim, response: toldOf(await connection.response()) };
    },
  },
  {
    name: "expect 100-continue, with the body at once",
    run: (world) =>
      told(world, { method: "POST", headers: ["expect: 100-continue"], body: "hello" }),
  },
  {
    name: "expect something else",
    run: (world) => told(world, { method: "POST", headers: ["expect: 200-ok"], body: "hello" }),
  },
];

/** The cases. */
export const STREAMS: readonly Case[] = [...arriving, echo, ...breaking, ...leaving, ...expecting];
