/**
 * The kinds of work of a soak. Each sends one request, and judges its answer.
 *
 * @module
 */

import { patternStream, readPattern } from "./pattern.ts";
import { type Outcome, WrongAnswerError } from "./tally.ts";

/** Where a mesh is, and by what it is asked. */
export interface Way {
  /** The URL of its gateway. */
  readonly base: string;
  /** Its connections. */
  readonly client: Deno.HttpClient;
}

/** Does one thing; throws when an answer is wrong. */
export type Work = (way: Way) => Promise<Outcome>;

/** What the mesh says when it could not do it. */
const REFUSALS: ReadonlySet<number> = new Set([502, 503, 504]);

let lastID = 0;

function newID(): number {
  lastID += 1;
  return lastID;
}

function wholeNumber(below: number): number {
  return Math.floor(Math.random() * below);
}

/** Sends a request and judges what comes. */
async function ask(
  { base, client }: Way,
  asked: RequestInit & { readonly path: string },
  judge: (response: Response) => Promise<string | undefined>,
): Promise<Outcome> {
  const { path, ...init } = asked;
  const url = `${base}${path}`;
  let response: Response;
  try {
    response = await fetch(url, { ...init, client });
  } catch {
    // The gateway never breaks a connection before an answer, but a client's own body may.
    return "broken";
  }
  if (REFUSALS.has(response.status)) {
    await response.body?.cancel().catch(() => {});
    return "refused";
  }
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => {});
    throw new WrongAnswerError(`status ${response.status} of ${url}`);
  }
  let wrong: string | undefined;
  try {
    wrong = await judge(response);
  } catch {
    // A body that breaks off is told from one that is whole.
    return "broken";
  }
  if (wrong !== undefined) throw new WrongAnswerError(`${wrong} from ${url}`);
  return "right";
}

function small(service: string, method: string): Work {
  return async (way) => {
    const id = String(newID());
    return await ask(way, { path: `/${service}/small?id=${id}`, method }, async (response) => {
      const text = await response.text();
      const wanted = method === "HEAD" ? "" : JSON.stringify({ id, method });
      return text === wanted ? undefined : `"${text}" instead of "${wanted}"`;
    });
  };
}

async function post(way: Way): Promise<Outcome> {
  const text = `text ${newID()} `.repeat(1 + wholeNumber(200));
  return await ask(way, { path: "/work/echo", method: "POST", body: text }, async (response) => {
    const echoed = await response.text();
    return echoed === text ? undefined : `${echoed.length} instead of ${text.length} characters`;
  });
}

function download(service: string): Work {
  return async (way) => {
    const [seed, bytes] = [newID(), 200_000 + wholeNumber(2_000_000)];
    const path = `/${service}/big?seed=${seed}&bytes=${bytes}`;
    return await ask(way, { path }, async (response) => {
      const read = await readPattern(seed, response.body);
      return read.isRight && read.bytes === bytes ? undefined : `byte ${read.bytes} is wrong`;
    });
  };
}

async function upload(way: Way): Promise<Outcome> {
  const [seed, bytes] = [newID(), 200_000 + wholeNumber(1_000_000)];
  const body = patternStream(seed, { bytes, pieceBytes: 30_000 });
  return await ask(
    way,
    { path: `/work/check?seed=${seed}`, method: "POST", body },
    async (response) => {
      const read = await response.json();
      return read.isRight && read.bytes === bytes ? undefined : `byte ${read.bytes} was wrong`;
    },
  );
}

async function events(way: Way): Promise<Outcome> {
  const count = 5 + wholeNumber(40);
  return await ask(way, { path: `/work/events?count=${count}` }, async (response) => {
    const text = await response.text();
    const wanted = Array.from({ length: count }, (_, at) => `data: ${at}\n\n`).join("");
    return text === wanted ? undefined : `${text.length} instead of ${wanted.length} characters`;
  });
}

/** A client that goes away, before the answer or in the midst of it. */
async function cancelled({ base, client }: Way): Promise<Outcome> {
  const controller = new AbortController();
  const path = wholeNumber(2) === 0 ? "never" : `big?seed=1&bytes=${50_000_000}`;
  setTimeout(() => controller.abort(), wholeNumber(60));
  try {
    const response = await fetch(`${base}/work/${path}`, { client, signal: controller.signal });
    await response.bytes();
    return "refused";
  } catch {
    return "right";
  }
}

/** A request that is never answered, on a route that waits only so long. */
async function hasty({ base, client }: Way): Promise<Outcome> {
  const response = await fetch(`${base}/hasty/never`, { client });
  const { status } = response;
  const { detail = "" } = await response.json();
  if (status === 504 && detail.includes("firstByte")) return "right";
  if (REFUSALS.has(status)) return "refused";
  throw new WrongAnswerError(`status ${status} instead of 504`);
}

/** Messages back and forth, until one side closes. */
function socket({ base }: Way): Promise<Outcome> {
  const messages = Array.from({ length: 1 + wholeNumber(20) }, () => `message ${newID()}`);
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const webSocket = new WebSocket(`${base.replace("http", "ws")}/work/socket`);
  let at = 0;
  let isOpen = false;
  webSocket.onopen = () => {
    isOpen = true;
    webSocket.send(messages[0] ?? "");
  };
  webSocket.onmessage = ({ data }) => {
    if (data !== messages[at]) reject(new WrongAnswerError(`"${data}" for "${messages[at]}"`));
    at += 1;
    const next = messages[at];
    if (next === undefined) webSocket.close(1000);
    else webSocket.send(next);
  };
  webSocket.onclose = () => {
    if (at === messages.length) resolve("right");
    else resolve(isOpen ? "broken" : "refused");
  };
  return promise;
}

/** Every kind of work, and how often it is done among a hundred. */
export const WORKS: readonly { readonly name: string; readonly share: number; work: Work }[] = [
  { name: "GET small", share: 40, work: small("work", "GET") },
  { name: "HEAD", share: 3, work: small("work", "HEAD") },
  { name: "PUT small", share: 5, work: small("work", "PUT") },
  { name: "GET by a service", share: 12, work: small("front", "GET") },
  { name: "POST text", share: 10, work: post },
  { name: "GET big", share: 6, work: download("work") },
  { name: "GET big by a service", share: 3, work: download("front") },
  { name: "POST big", share: 5, work: upload },
  { name: "events", share: 5, work: events },
  { name: "cancelled", share: 5, work: cancelled },
  { name: "deadline", share: 1, work: hasty },
  { name: "WebSocket", share: 5, work: socket },
];

/** A kind of work by chance, as often as its share says. */
export function chooseWork(): (typeof WORKS)[number] | undefined {
  let left = Math.random() * WORKS.reduce((sum, { share }) => sum + share, 0);
  return WORKS.find(({ share }) => (left -= share) < 0);
}
