/**
 * The simulated control plane: links that keep the order, delay, repeat, and lose everything that
 * is on its way when they break. Messages travel as text, so nobody shares memory.
 *
 * @module
 */

import type { World } from "../world.ts";

/** Who is at the end of a link. */
export interface LinkOwner {
  /** A value came in, not yet through the door. */
  received(link: string, value: unknown): void;
  /** The link ended. */
  closed(link: string, reason: string): void;
}

/** One end of a link. */
export class LinkEnd {
  /** Whether its owner still hears of it. */
  isOpen = true;
  /** The other end. */
  peer: LinkEnd | undefined;
  /** When the last message on its way to this end arrives. */
  arrivesMs = 0;
  #isLost = false;

  /** An end; see {@linkcode openLink}. */
  constructor(readonly world: World, readonly link: string, public owner: LinkOwner) {}

  /** Sends a value; swallowed when the link is gone. */
  send(value: unknown): void {
    const { network, timeline } = this.world;
    if (!this.isOpen || this.#isLost) return;
    const text = JSON.stringify(value);
    const atMs = Math.max(this.peer?.arrivesMs ?? 0, timeline.nowMs + this.world.delayMs());
    if (this.peer !== undefined) this.peer.arrivesMs = atMs;
    timeline.after(atMs - timeline.nowMs, () => this.peer?.receive(text));
    const { repeatProbability } = this.world.options;
    const mayRepeat = this.world.hasFaults || this.world.isMild;
    if (!mayRepeat || !network.chance(repeatProbability)) return;
    const laterMs = atMs - timeline.nowMs + network.whole(0, 5_000);
    timeline.after(laterMs, () => this.peer?.receive(text));
  }

  /** A message arrives. */
  receive(text: string): void {
    if (this.isOpen && !this.#isLost) this.owner.received(this.link, JSON.parse(text));
  }

  /** Closes the link after what was sent by it has arrived. */
  close(reason: string): void {
    const { timeline } = this.world;
    const peer = this.peer;
    timeline.after(1, () => this.end(reason));
    if (this.#isLost) return;
    const lastMs = Math.max(0, (peer?.arrivesMs ?? 0) - timeline.nowMs);
    timeline.after(lastMs + this.world.delayMs(), () => peer?.end(reason));
  }

  /** Breaks the link: what is on its way is lost, and each end notices in its own time. */
  breakOff(reason: string, noticeMs?: number): void {
    for (const end of [this, this.peer]) {
      if (end === undefined || end.#isLost) continue;
      end.#isLost = true;
      this.world.timeline.after(noticeMs ?? this.world.noticeMs(), () => end.end(reason));
    }
  }

  /** The owner of this end is gone: nobody here hears of it. */
  abandon(reason: string, noticeMs?: number): void {
    this.isOpen = false;
    this.breakOff(reason, noticeMs);
  }

  /** Tells the owner, once. */
  end(reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.owner.closed(this.link, reason);
  }
}

/** A link between two owners: its two ends, in their order. */
export function openLink(world: World, owners: [LinkOwner, LinkOwner]): [LinkEnd, LinkEnd] {
  world.linksOpened += 1;
  const link = `L${world.linksOpened}`;
  const first = new LinkEnd(world, link, owners[0]);
  const second = new LinkEnd(world, link, owners[1]);
  first.peer = second;
  second.peer = first;
  return [first, second];
}
