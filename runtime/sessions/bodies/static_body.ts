/**
 * The body of a response that was made of a text or of bytes, without the stream that the platform
 * makes for whoever asks for a body. Most responses are such ones; a stream for each costs a
 * service as much as all else that a session does with it, and memory that is slow to be freed.
 *
 * The platform has no public way to it. Its responses keep what they were made of in a slot named
 * by a symbol; where that is not so, nothing is found, and the stream is read as ever.
 *
 * @module
 */

function fieldOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** Looks at one place where the platform may keep what a response was made of. */
type Look = (response: Response) => string | Uint8Array | undefined;

function madeOf(value: unknown): string | Uint8Array | undefined {
  return typeof value === "string" || value instanceof Uint8Array ? value : undefined;
}

/** In newer versions a response of a text keeps just that, until somebody wants more of it. */
function lookAt(slot: symbol): Look {
  return (response) => madeOf(fieldOf(response, slot));
}

function lookInside(slot: symbol): Look {
  return (response) => {
    const held = fieldOf(fieldOf(fieldOf(response, slot), "body"), "streamOrStatic");
    return fieldOf(held, "consumed") === false ? madeOf(fieldOf(held, "body")) : undefined;
  };
}

/** The looks that find texts or bytes, and nothing where there is a stream or no body. */
function findLooks(): Look[] {
  const text = new Response("a");
  const bytes = new Response(Uint8Array.of(7));
  const streamed = [new Response("a"), new Response(Uint8Array.of(7))];
  // Whoever has asked for the stream may be reading it.
  for (const response of streamed) response.body?.getReader();
  const others = [...streamed, new Response(null), new Response(new ReadableStream())];
  const slots = Object.getOwnPropertySymbols(text);
  return [...slots.map(lookAt), ...slots.map(lookInside)].filter((look) => {
    const isRight = [look(text) ?? "a", look(bytes) ?? Uint8Array.of(7)].map(String);
    const finds = look(text) !== undefined || look(bytes) !== undefined;
    return finds && isRight.join() === "a,7" && others.every((one) => look(one) === undefined);
  });
}

/** Found at the first response: to try it out loads what a start does not need to wait for. */
let looks: Look[] | undefined;

/**
 * Finds nothing for now, so that streams are read: to look for the places takes a millisecond, for
 * which the first request of a service need not wait.
 *
 * @returns What looks for them.
 */
export function postponeStaticBodies(): () => void {
  looks = [];
  return () => void (looks = findLooks());
}

/**
 * What a response was made of, or undefined when that is a stream, nothing, or not known. The
 * response must not have been used.
 */
export function staticBodyOf(response: Response): string | Uint8Array | undefined {
  for (const look of looks ??= findLooks()) {
    const body = look(response);
    if (body !== undefined) return body;
  }
  return undefined;
}
