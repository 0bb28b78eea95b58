/**
 * Who waits at the door: connections that have not proved yet who they are.
 *
 * @module
 */

/** How many connections may wait at once from one address, unless an option says otherwise. */
export const WAITING_PER_ADDRESS_MAX = 64;
/** How many connections may wait at once in all, unless an option says otherwise. */
export const WAITING_MAX = 512;

/** The bounds of a {@linkcode Lobby}. */
export interface LobbyOptions {
  /** How many may wait at once from one address. */
  readonly perAddressMax: number;
  /** How many may wait at once in all. */
  readonly max: number;
}

/** One that waits. */
interface Visitor {
  /** Is called when it must go, with the reason. */
  readonly evict: (reason: string) => void;
}

/**
 * Holds at most so many that wait. Where there is no room for one more, the one that has waited
 * longest goes: of its address when that has its share, else of the address that holds the most.
 *
 * So a newcomer always gets in, and whoever answers at once is through before its turn to go
 * comes. A flood from one address meets its own limit; a flood from many addresses pushes out
 * itself first, since an honest peer waits alone at its address.
 */
export class Lobby {
  readonly #options: LobbyOptions;
  readonly #addresses = new Map<string, Set<Visitor>>();
  #size = 0;

  /** A lobby with room for as many as the options say. */
  constructor(options: LobbyOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes one more.
   *
   * @param hostname The address from which it comes.
   * @param evict Is called at most once, when it must go to make room.
   * @returns What to call when it has gone or was let in; calling it again does nothing.
   */
  enter(hostname: string, evict: (reason: string) => void): () => void {
    const address = networkOf(hostname);
    this.#makeRoom(address);
    const visitor: Visitor = { evict };
    const visitors = this.#addresses.get(address) ?? new Set();
    this.#addresses.set(address, visitors.add(visitor));
    this.#size += 1;
    return () => this.#leave(address, visitor);
  }

  #makeRoom(address: string): void {
    const { perAddressMax, max } = this.#options;
    if ((this.#addresses.get(address)?.size ?? 0) >= perAddressMax) {
      this.#evict(address, `more than ${perAddressMax} wait to be let in from its address`);
    } else if (this.#size >= max) {
      this.#evict(this.#fullest(), `more than ${max} wait to be let in`);
    }
  }

  #fullest(): string {
    let [fullest, most] = ["", 0];
    for (const [address, { size }] of this.#addresses) {
      if (size > most) [fullest, most] = [address, size];
    }
    return fullest;
  }

  #evict(address: string, reason: string): void {
    const [oldest] = this.#addresses.get(address) ?? [];
    if (oldest === undefined) return;
    this.#leave(address, oldest);
    oldest.evict(reason);
  }

  #leave(address: string, visitor: Visitor): void {
    const visitors = this.#addresses.get(address);
    if (visitors?.delete(visitor) !== true) return;
    this.#size -= 1;
    if (visitors.size === 0) this.#addresses.delete(address);
  }
}

/** The part of an address that its owner can't choose freely: of IPv6 the first 64 bits. */
function networkOf(hostname: string): string {
  if (!hostname.includes(":") || hostname.includes(".")) return hostname;
  const [head = "", tail] = hostname.split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  return [...groups, ...Array(missing).fill("0"), ...(tail ?? "").split(":")].slice(0, 4).join(":");
}
