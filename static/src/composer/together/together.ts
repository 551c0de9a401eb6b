/** Editing together: the draft's socket, who else is here, and what they are told of this page. */
import { create } from "zustand";
import { announce } from "../../common/dom.ts";
import { gettext } from "../../common/gettext.ts";
import { LiveSocket } from "../../live/socket.ts";
import type { Autosave } from "../saving/autosave.ts";
import { useCanvas } from "../canvas/canvas.ts";
import type { Told } from "../saving/findings.ts";
import type { Change } from "../saving/merge.ts";
import { NOWHERE, Peers, peopleOf, type Peer, type Person, type Whereabouts } from "./presence.ts";
import { useComposer } from "../store.ts";

export interface Together {
  people: Person[];
  /** The tab that this page goes along with. */
  following: string | null;
  /** What people are called, by how they sign, also those who are not here. */
  names: Record<string, string>;
  follow: (tab: string | null) => void;
}

export const useTogether = create<Together>((set, get) => ({
  people: [],
  following: null,
  names: {},
  follow: (tab) => {
    if (tab === get().following) return;
    set({ following: tab });
    const name = get().people.find((person) => person.tabs.some((each) => each.tab === tab))?.name;
    announce(name ? gettext("You follow {name}.", { name }) : gettext("You follow nobody."));
  },
}));

/** A version that somebody made of the draft. */
export interface Published {
  version: number;
  author: string;
  note: string;
}

type Event =
  | { kind: "welcome"; revision: number; version: number | null; name: string }
  | ({ kind: "edits"; revision: number; author: string; changes: Change[] | null } & Told)
  | { kind: "published"; revision: number; version: number; author: string; note: string }
  | ({ kind: "presence" } & Peer)
  | { kind: "gone"; tab: string };

/** Others are told at most this often where the pointer is. */
const PACE = 120;
const LOOK_FOR_GONE = 5_000;

/** What somebody is called who signs edits like this. */
export function nameOf(author: string): string {
  const { people, names } = useTogether.getState();
  return people.find((person) => person.author === author)?.name ?? names[author] ?? author;
}

/** What this page tells of itself: at most every `PACE` milliseconds, and then only the last. */
class Teller {
  private now: Whereabouts = NOWHERE;
  private told = "";
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly send: (text: string) => void;

  constructor(send: (text: string) => void) {
    this.send = send;
  }

  is(part: Partial<Whereabouts>): void {
    this.now = { ...this.now, ...part };
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.tell();
    }, PACE);
  }

  /** On a new connection everything is to be told anew. */
  again(): void {
    this.told = "";
    this.tell();
  }

  private tell(): void {
    const { cursor, selected, editing, view } = this.now;
    const round = (value: number): number => Math.round(value * 100) / 100;
    const text = JSON.stringify({
      cursor: cursor?.map(Math.round) ?? null,
      selected: selected.slice(0, 50),
      editing,
      view: view?.map(round) ?? null,
    });
    if (text === this.told) return;
    this.told = text;
    this.send(text);
  }
}

let teller: Teller | null = null;

/** This page is elsewhere: the pointer, the selection, the field, or what is seen. */
export function tell(part: Partial<Whereabouts>): void {
  teller?.is(part);
}

class Room {
  private readonly peers = new Peers();
  private readonly autosave: Autosave;
  /** How we sign ourselves. */
  private readonly author: string;

  constructor(autosave: Autosave, author: string) {
    this.autosave = autosave;
    this.author = author;
    setInterval(() => {
      if (this.peers.expire(Date.now())) this.show();
    }, LOOK_FOR_GONE);
  }

  /** Nobody is known until they tell of themselves again. */
  empty(): void {
    this.peers.clear();
    this.show();
  }

  take(event: Event): void {
    switch (event.kind) {
      case "presence":
        this.peers.take(event, Date.now());
        this.show();
        break;
      case "gone":
        if (this.peers.leave(event.tab)) this.show();
        break;
      case "welcome":
        useComposer.setState({ publishedVersion: event.version });
        this.autosave.hear(event.revision, null, null);
        break;
      case "edits":
        this.autosave.hear(event.revision, event.changes, event);
        break;
      case "published":
        this.published(event);
    }
  }

  private published(made: Published): void {
    useComposer.setState({ publishedVersion: made.version });
    // Whoever published knows it, whether the answer or this came first.
    if (made.author === this.author) return;
    const notice = publishedInWords(made);
    this.autosave.explain(notice);
    useCanvas.setState({ notice });
    announce(notice);
  }

  private show(): void {
    const people = peopleOf(this.peers.all);
    const { following } = useTogether.getState();
    const isThere = people.some((person) => person.tabs.some(({ tab }) => tab === following));
    useTogether.setState({ people, following: isThere ? following : null });
  }
}

/** Who published what. */
export function publishedInWords({ version, author, note }: Published): string {
  const values = { name: nameOf(author), version, note };
  return note
    ? gettext("{name} published version {version}: {note}", values)
    : gettext("{name} published version {version}.", values);
}

/** The place in the document that the focus is at, for others to see that somebody is at it. */
function placeOfFocus(): string | null {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || !focused.matches("input, textarea, select")) return null;
  const node = focused.closest<HTMLElement>(".react-flow__node")?.dataset.id;
  const id = node ?? (focused.closest(".composer-inspector") ? onlySelected() : undefined);
  return id ? `assets/${id}` : null;
}

function onlySelected(): string | undefined {
  const [selected, another] = useComposer.getState().nodes.filter((each) => each.selected);
  return another ? undefined : selected?.id;
}

function watchThisPage(): void {
  useComposer.subscribe((now, before) => {
    if (now.nodes === before.nodes && now.edges === before.edges) return;
    const selected = [...now.nodes, ...now.edges].filter((each) => each.selected).map((each) => each.id);
    tell({ selected });
  });
  const look = (): void => {
    tell({ editing: placeOfFocus() });
  };
  document.addEventListener("focusin", look);
  document.addEventListener("focusout", () => {
    requestAnimationFrame(look);
  });
}

/** Joins those who have the draft open. `organisation` is where its addresses begin, such as `/t/nordwerk`. */
export function join(organisation: string, twin: string, author: string, autosave: Autosave): void {
  const room = new Room(autosave, author);
  const address = `${location.origin.replace(/^http/, "ws")}${organisation}/live/drafts/${twin}/`;
  const socket = new LiveSocket(address, {
    open: (url) => new WebSocket(url),
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
    now: () => Date.now(),
    changed: (state) => {
      if (state.kind === "open") teller?.again();
      else room.empty();
    },
    message: (events) => {
      for (const event of events as Event[]) room.take(event);
    },
  });
  teller = new Teller((text) => {
    socket.send(text);
  });
  watchThisPage();
  addEventListener("online", () => {
    socket.connect();
  });
  socket.connect();
}
