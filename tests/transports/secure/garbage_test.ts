import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { CodecError } from "../../../transports/codec.ts";
import { answerTo } from "../../../transports/secure/handshake/dialler_proof.ts";
import {
  newChallenge,
  readAnswer,
  readChallenge,
  readVerdict,
} from "../../../transports/secure/handshake/lines.ts";
import { LineInput, LineInputError } from "../../../transports/secure/handshake/line_input.ts";
import { VerificationError, verifyProof } from "../../../transports/secure/verification.ts";
import { AGENT, AGENT_CREDENTIALS, AUTHORITY } from "./certificates.ts";
import { Door } from "./secure_pair.ts";

const SERVER = "manager.manager.smmp";

Deno.test("listenSecure() lets nobody in who sends garbage, and goes on", async () => {
  const door = new Door();
  const garbage = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 3_000 }),
    fc.json().map((text) => new TextEncoder().encode(`${text}\n`)),
    fc.string().map((text) =>
      new TextEncoder().encode(`{"type":"secureAnswer","version":1,${text}\n`)
    ),
  );
  let count = 0;
  await fc.assert(
    fc.asyncProperty(garbage, fc.boolean(), async (bytes, isSecure) => {
      const conn = isSecure ? await door.connectTls() : await door.connect();
      await conn.write(bytes);
      await conn.closeWrite();
      await door.refusals.at(count++);
      conn.close();
    }),
    { numRuns: 60 },
  );
  assertEquals(door.peers.all, []);
  const end = await door.dial();
  const { end: other } = await door.peers.at(0);
  for (const each of [end, other]) each.link.close();
  await Promise.all([end.ending(), other.ending()]);
  assertEquals(door.refusals.all.length, count);
  door.listener.close();
});

Deno.test("verifyProof() takes an answer, and none that differs in one character", async () => {
  const { nonce } = newChallenge();
  const answer = await answerTo({ type: "secureChallenge", version: 1, nonce }, {
    credentials: AGENT_CREDENTIALS,
    server: SERVER,
  });
  const { certificate, signature } = answer;
  const judgement = { authority: AUTHORITY.certificate };
  const proof = { certificate, signature, nonce, server: SERVER };
  assertEquals(await verifyProof(proof, judgement), AGENT);
  // What the authority has signed; how the signature after it is packed says nothing.
  const [begin, signedCharacters] = [certificate.indexOf("\n") + 1, 450];
  const change = (text: string, at: number) =>
    text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(signedCharacters),
      fc.constantFrom("certificate", "signature", "nonce"),
      async (at, key) => {
        const place = key === "certificate" ? begin + at : at % 40;
        // A line break may be anything.
        if (proof[key][place] === "\n") return;
        const changed = { ...proof, [key]: change(proof[key], place) };
        await assertRejects(() => verifyProof(changed, judgement), VerificationError);
      },
    ),
    { numRuns: 300 },
  );
  await assertRejects(
    () => verifyProof({ ...proof, server: "a2.agent.smmp" }, judgement),
    VerificationError,
  );
});

Deno.test("the lines of the handshake are narrowed, never believed", () => {
  const text = (line: unknown, read: (line: unknown) => unknown) => {
    const result = read(line);
    assert(typeof result === "string", JSON.stringify(line));
    return result;
  };
  const signature = "A".repeat(86) + "==";
  const answer = { type: "secureAnswer", version: 1, certificate: "c", signature } as const;
  assertEquals(readAnswer(answer), answer);
  assertStringIncludes(text({ ...answer, version: 2 }, readAnswer), "it speaks version 2");
  assertStringIncludes(text({ ...answer, version: "x" }, readAnswer), "it speaks no version");
  assertEquals(text({ ...answer, certificate: undefined }, readAnswer), "it shows no certificate");
  text({ ...answer, certificate: "c".repeat(20_000) }, readAnswer);
  text({ ...answer, certificate: ["c"] }, readAnswer);
  for (const bad of ["", "A", "A".repeat(88), 7]) text({ ...answer, signature: bad }, readAnswer);
  text({ type: "secureChallenge", version: 1, nonce: "short" }, readChallenge);
  text({ type: "secureRefusal" }, readVerdict);
  const long = { type: "secureRefusal", reason: `a\u001b[31m\n${"x".repeat(9_000)}` };
  const verdict = readVerdict(long);
  assert(typeof verdict !== "string" && verdict.type === "secureRefusal");
  assert(verdict.reason.length <= 500 && !/\p{Cc}/u.test(verdict.reason));
  fc.assert(fc.property(fc.anything(), (line) => {
    for (const read of [readAnswer, readChallenge, readVerdict]) text(line, read);
  }));
});

/** A connection of which only reading is used. */
async function inputOf(
  chunks: readonly Uint8Array[],
  bytesMax: number,
): Promise<[LineInput, Deno.Conn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  const [writer, reader] = await Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
  for (const chunk of chunks) {
    let written = 0;
    while (written < chunk.length) written += await writer.write(chunk.subarray(written));
  }
  writer.close();
  return [new LineInput(reader, bytesMax), reader];
}

Deno.test("LineInput reads lines whatever the chunks, up to its bound", async () => {
  const encoder = new TextEncoder();
  const chunks = ['{"a":', "1}\n[2]", "\n3\nrest"].map((text) => encoder.encode(text));
  const [input, conn] = await inputOf(chunks, 1_000);
  assertEquals([await input.next(), await input.next(), await input.next()], [{ a: 1 }, [2], 3]);
  await assertRejects(() => input.next(), LineInputError, "it closed the connection");
  conn.close();
  const [tooLong, other] = await inputOf([encoder.encode("x".repeat(2_000))], 1_000);
  await assertRejects(() => tooLong.next(), LineInputError, "it sent more than 1000 bytes");
  other.close();
  const [garbage, third] = await inputOf([new Uint8Array([0xff, 0x0a])], 1_000);
  await assertRejects(() => garbage.next(), CodecError);
  third.close();
});
