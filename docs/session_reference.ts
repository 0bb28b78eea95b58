/**
 * The chapter of docs/PROTOCOL.md about sessions, made from the table of frames.
 *
 * @module
 */

import { FRAME, HEADER_BYTES, RESET, SESSION_VERSION } from "../runtime/sessions/frames/frames.ts";
import { SESSION_LIMITS } from "../runtime/sessions/session.ts";

const FRAMES: Readonly<Record<keyof typeof FRAME, string>> = {
  hello: '"SMMP", version u8, serviceID u64, sourcePlug u32, destServiceID u64, the ticket',
  welcome: '"SMMP", version u8',
  request: "method, absolute URL, then names and values of headers, in UTF-8, joined by NUL",
  response: "status (200 to 599), then names and values of headers, in UTF-8, joined by NUL",
  data: "a piece of a body; empty only with the flag",
  credit: "u32: the receiver of a body has room for so many bytes more",
  stop: "nothing: the receiver wants no more of this body; the exchange goes on",
  reset: "code u8, reason in UTF-8: the exchange is over at once",
  ping: "nothing: asks for a sign of life",
  pong: "nothing: the sign of life",
  goAway: "a reason: nothing new; when both ends have said so and nothing is in flight, it closes",
  close: "a reason: the session is over at once",
  answer: "u32: the length of a head as in a response, that head, the whole body",
};

const RESETS: Readonly<Record<keyof typeof RESET, string>> = {
  cancelled: "the requester no longer wants it",
  refused: "it was not handled at all, so it is safe to send elsewhere",
  failed: "the source of a body failed",
};

/** The chapter about the data plane, in Markdown. */
export function renderSessions(): string {
  const { firstWindowBytes, windowBytes, headBytes, dataBytes, exchanges } = SESSION_LIMITS;
  const kinds: Readonly<Record<string, number>> = FRAME;
  const codes: Readonly<Record<string, number>> = RESET;
  const frames = Object.entries(FRAMES).map(([name, payload]) => {
    return `| ${kinds[name]} | ${name} | ${payload} |`;
  });
  const resets = Object.entries(RESETS).map(([name, doc]) => `${codes[name]} ${name}: ${doc}`);
  return `## Sessions

A connection carries HTTP exchanges between an out-plug and an in-plug, many at once, over one TCP
connection. Its bytes are frames: a header of ${HEADER_BYTES} bytes, big endian, and a payload.

\`\`\`text
length of the payload u32 | type u8 | flags u8 | exchange u32 | payload
\`\`\`

| type | name | payload |
| --- | --- | --- |
${frames.join("\n")}

- Whoever dials sends a hello (version ${SESSION_VERSION}), which says who it is and whom it means
  to reach, and shows the ticket that came with where to dial. The listener answers with a welcome,
  or with a close when it is another instance or the ticket is not good.
- A ticket is \`run.time.signature\`: HMAC-SHA256, in base64url, with the \`ticketKey\` of the
  instance that is dialled, of the text
  \`smmp ticket RUN TIME serviceID sourcePlug destServiceID\`. It is good for seconds, and once.
- The dialling end numbers its exchanges upwards from 1. A frame about the whole session has 0.
- Flag 1 says that the body of its sender ends with this frame; request, response and data have it.
- A body may have ${firstWindowBytes} bytes under way, and as many more as its receiver gives credit
  for, up to ${windowBytes}. A head has at most ${headBytes} bytes, a piece of a body ${dataBytes}.
  A session has at most ${exchanges} exchanges at once.
- Codes of a reset: ${resets.join("; ")}.
- Closing without harm is goAway from one end, goAway from the other, and the end of the TCP
  connection when nothing is in flight.
`;
}
