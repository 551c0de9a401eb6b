/** Who else has the draft open, and where they are in it. */

export type Point = [x: number, y: number];

/** What a page tells of itself. */
export interface Whereabouts {
  cursor: Point | null;
  selected: string[];
  /** The place in the document that has the focus. */
  editing: string | null;
  /** The middle of what is seen of the canvas, and the zoom. */
  view: [x: number, y: number, zoom: number] | null;
}

export interface Peer {
  tab: string;
  name: string;
  /** How their edits are signed. */
  author: string;
  edits: boolean;
  at: Whereabouts;
}

/** A person, with every tab in which they have the draft open. */
export interface Person {
  author: string;
  name: string;
  initials: string;
  /** Which of the colours is theirs, counted from 0. */
  colour: number;
  edits: boolean;
  tabs: Peer[];
}

export const COLOURS = 8;
export const NOWHERE: Whereabouts = { cursor: null, selected: [], editing: null, view: null };
/** Three times the server's beat: who is not heard of for so long is gone. */
const GONE = 30_000;

/** The first letters of the first and the last word of a name. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => Array.from(word ?? "")[0] ?? "");
  return letters.join("").toLocaleUpperCase() || "?";
}

function wantedColour(author: string): number {
  let sum = 0;
  for (const letter of author) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return sum % COLOURS;
}

/** People by name, each with a colour that is the same for everybody who sees the same people. */
export function peopleOf(peers: readonly Peer[]): Person[] {
  const authors = [...new Set(peers.map((peer) => peer.author))].sort();
  const taken = new Set<number>();
  const people = authors.map((author): Person => {
    const tabs = peers.filter((peer) => peer.author === author);
    const name = tabs[0]?.name ?? author;
    let colour = wantedColour(author);
    for (let tries = 0; taken.has(colour) && tries < COLOURS; tries += 1) colour = (colour + 1) % COLOURS;
    taken.add(colour);
    return { author, name, initials: initialsOf(name), colour, edits: tabs.some((tab) => tab.edits), tabs };
  });
  return people.sort((one, other) => one.name.localeCompare(other.name));
}

/** Those who have a draft open, as they are told of. */
export class Peers {
  private readonly known = new Map<string, { peer: Peer; heard: number }>();

  get all(): Peer[] {
    return [...this.known.values()].map(({ peer }) => peer);
  }

  take(peer: Peer, now: number): void {
    this.known.set(peer.tab, { peer, heard: now });
  }

  /** One has gone; whether it was known at all. */
  leave(tab: string): boolean {
    return this.known.delete(tab);
  }

  /** Lets go of those who were not heard of for long; whether there were any. */
  expire(now: number): boolean {
    const gone = [...this.known].filter(([, { heard }]) => now - heard > GONE);
    for (const [tab] of gone) this.known.delete(tab);
    return gone.length > 0;
  }

  clear(): void {
    this.known.clear();
  }
}
