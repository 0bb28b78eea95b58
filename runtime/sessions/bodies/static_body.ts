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

/** Where a version of the platform keeps what a response was made of. */
export interface StaticBodyPlace {
  /** What the symbol of the slot is called. */
  readonly slot: string;
  /** In newer versions a response of a text keeps just that, until somebody wants more of it. */
  readonly isInside: boolean;
}

/** A place, with its symbol. */
type Place = Omit<StaticBodyPlace, "slot"> & { readonly slot: symbol };

function lookAt({ slot, isInside }: Place): Look {
  if (!isInside) return (response) => madeOf(fieldOf(response, slot));
  return (response) => {
    const held = fieldOf(fieldOf(fieldOf(response, slot), "body"), "streamOrStatic");
    return fieldOf(held, "consumed") === false ? madeOf(fieldOf(held, "body")) : undefined;
  };
}

/** The places where there are texts or bytes, and nothing if there is a stream or no body. */
function findPlaces(): Place[] {
  const text = new Response("a");
  const bytes = new Response(Uint8Array.of(7));
  const streamed = [new Response("a"), new Response(Uint8Array.of(7))];
  // Whoever has asked for the stream may be reading it.
  for (const response of streamed) response.body?.getReader();
  const others = [...streamed, new Response(null), new Response(new ReadableStream())];
  const slots = Object.getOwnPropertySymbols(text);
  const places = [false, true].flatMap((isInside) => slots.map((slot) => ({ slot, isInside })));
  return places.filter((place) => {
    const look = lookAt(place);
    const isRight = [look(text) ?? "a", look(bytes) ?? Uint8Array.of(7)].map(String);
    const finds = look(text) !== undefined || look(bytes) !== undefined;
    return finds && isRight.join() === "a,7" && others.every((one) => look(one) === undefined);
  });
}

/** Found at the first response: to try it out loads what a start does not need to wait for. */
let looks: Look[] | undefined;
/** What another process has found. */
let expected: Look[] = [];

/**
 * Finds nothing for now but what is expected; else streams are read. To look for the places takes a
 * millisecond, for which the first request of a service need not wait.
 *
 * @returns What looks for them.
 */
export function postponeStaticBodies(): () => void {
  looks = expected;
  return () => void (looks = findLooks());
}

function findLooks(): Look[] {
  return findPlaces().map(lookAt);
}

/** Tells where the places are, for other processes of the same version of the platform. */
export function describeStaticBodies(): StaticBodyPlace[] {
  return findPlaces().map(({ slot, isInside }) => ({ slot: slot.description ?? "", isInside }));
}

/** Looks at places that a process of the same version has found, until it is postponed no more. */
export function expectStaticBodies(places: readonly StaticBodyPlace[]): void {
  expected = places.map(({ slot: name, isInside }) => {
    let look: Look | undefined;
    return (response) => (look ??= lookAt({ slot: slotOf(response, name), isInside }))(response);
  });
  looks = expected;
}

/** The slot of that name; every response has the same ones. */
function slotOf(response: Response, name: string): symbol {
  const slots = Object.getOwnPropertySymbols(response);
  return slots.find(({ description }) => description === name) ?? Symbol(name);
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
