/** What the editor of asset types knows and what can be done in it; React only shows this. */
import { create } from "zustand";
import { announce } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import {
  edited,
  rekeyed,
  SECTIONS,
  valueAt,
  withValue,
  type Finding,
  type Json,
  type Path,
  type Section,
  type TypeDocument,
} from "./document.ts";
import { completed, heritage, isBare, type Heritage, type Resolved } from "./inheritance.ts";
import { placeOf } from "./marks.ts";
import type { SaveState } from "./saving.ts";
import { back, forward, noSteps, recorded, type Steps } from "./steps.ts";
import { merged } from "./changes.ts";
import type { LanguageFunction, UnitOfMeasure } from "./vocabulary.ts";

/** A type of the catalogue in short. */
export interface KnownType {
  key: string;
  version: number;
  name: Record<string, string>;
  icon: string | null;
  abstract: boolean;
  ports?: Record<string, { accepts: string[] }>;
  deprecated?: { at: string; reason: string; successor: string | null } | null;
}

export type Page = Section | "about";

export interface Editor {
  document: TypeDocument;
  findings: Finding[];
  types: KnownType[];
  /** The types that it extends, by `key@version`; null for one that the catalogue does not have. */
  parents: ReadonlyMap<string, Resolved | null>;
  heritage: Heritage;
  functions: LanguageFunction[];
  units: UnitOfMeasure[];
  roles: [string, string][];
  canEdit: boolean;
  /** The newest version that is published, null before the first. */
  published: number | null;
  steps: Steps<TypeDocument>;
  save: SaveState;
  page: Page;
  chosen: string | null;
  view: "forms" | "json";

  open: (page: Page, key?: string | null) => void;
  show: (view: "forms" | "json") => void;
  /** Goes to where a finding, or any place in the document, stands. */
  jump: (place: string) => void;
  change: (path: Path, value: Json | undefined) => void;
  /** Another value for a field of an element; what is inherited around it is taken along. */
  override: (element: Path, field: Path, value: Json | undefined) => void;
  /** An element, or a field of it, is again what is inherited. */
  takeBack: (element: Path, field: Path) => void;
  rekey: (section: Section, from: string, to: string) => void;
  replace: (document: TypeDocument, place: string) => void;
  undo: () => void;
  redo: () => void;
  learn: (reference: string, parent: Resolved | null) => void;
  receive: (document: TypeDocument, base: TypeDocument, theirs: TypeDocument) => void;
}

/** Who is told of the document after every change. */
export const outbox: { send: (document: TypeDocument) => void } = { send: () => undefined };

/** What the types named in `extends` hand down, as far as they are known. */
function inherited(document: TypeDocument, parents: ReadonlyMap<string, Resolved | null>): Heritage {
  return heritage(extended(document).flatMap((each) => parents.get(each) ?? []));
}

/** The types that a document extends. */
export function extended(document: TypeDocument): string[] {
  const { extends: named } = document;
  return Array.isArray(named) ? named.filter((each) => typeof each === "string") : [];
}

function focusPlace(place: string): void {
  // Once what was opened is drawn.
  setTimeout(() => {
    let wanted = place;
    while (wanted) {
      const found = document.querySelector<HTMLElement>(`[data-place="${CSS.escape(wanted)}"]`);
      if (found) {
        found.scrollIntoView({ block: "center" });
        found.focus();
        return;
      }
      wanted = wanted.includes("/") ? wanted.slice(0, wanted.lastIndexOf("/")) : "";
    }
  }, 50);
}

const isSection = (name: string): name is Section => (SECTIONS as readonly string[]).includes(name);

export const useEditor = create<Editor>((set, get) => {
  function become(document: TypeDocument, place: string): void {
    const { document: before, steps, canEdit, parents } = get();
    if (!canEdit || document === before) return;
    set({
      document,
      steps: recorded(steps, before, place, Date.now()),
      heritage: document["extends"] === before["extends"] ? get().heritage : inherited(document, parents),
    });
    outbox.send(document);
  }

  function retrace(step: [Steps<TypeDocument>, TypeDocument] | null, nothing: string, done: string): void {
    if (!step || !get().canEdit) {
      announce(nothing);
      return;
    }
    const [steps, document] = step;
    set({ steps, document, heritage: inherited(document, get().parents) });
    outbox.send(document);
    announce(done);
  }

  return {
    document: {},
    findings: [],
    types: [],
    parents: new Map(),
    heritage: {},
    functions: [],
    units: [],
    roles: [],
    canEdit: false,
    published: null,
    steps: noSteps(),
    save: { kind: "saved" },
    page: "about",
    chosen: null,
    view: "forms",

    open: (page, key = null) => {
      set({ page, chosen: key, view: "forms" });
    },

    show: (view) => {
      set({ view });
    },

    jump: (place) => {
      const whole = placeOf({ code: "", place, message: "", fix: "" }).place;
      const [section = "", key] = whole.split("/");
      if (isSection(section)) get().open(section, key ?? null);
      else get().open("about");
      focusPlace(whole);
    },

    change: (path, value) => {
      become(edited(get().document, path, value), path.join("/"));
    },

    override: (element, field, value) => {
      const [section = "", key = ""] = element;
      const { document } = get();
      const [top] = field;
      const handed = get().heritage[section]?.[key]?.value;
      const place = [...element, ...field].join("/");
      const isFirst = top !== undefined && field.length > 1 && valueAt(document, [...element, top]) === undefined;
      const changed = isFirst
        ? withValue(document, [...element, top], withValue(valueAt(handed, [top]), field.slice(1), value))
        : edited(document, [...element, ...field], value);
      const own = valueAt(changed, element);
      const said = completed(section, own, handed);
      become((said === own ? changed : withValue(changed, element, said)) as TypeDocument, place);
    },

    takeBack: (element, field) => {
      const [section = "", key = ""] = element;
      const [top] = field;
      const handed = get().heritage[section]?.[key]?.value;
      const without = edited(get().document, top === undefined ? element : [...element, top], undefined);
      const left = completed(section, valueAt(without, element), handed);
      const isGone = left === undefined || isBare(section, left, handed);
      become(isGone ? edited(without, element, undefined) : (withValue(without, element, left) as TypeDocument), "");
    },

    rekey: (section, from, to) => {
      const document = rekeyed(get().document, section, from, to);
      if (document === get().document) return;
      become(document, "");
      set({ chosen: to });
    },

    replace: (document, place) => {
      become(document, place);
    },

    undo: () => {
      retrace(back(get().steps, get().document), gettext("Nothing to undo."), gettext("Undone."));
    },

    redo: () => {
      retrace(forward(get().steps, get().document), gettext("Nothing to redo."), gettext("Done again."));
    },

    learn: (reference, parent) => {
      const parents = new Map(get().parents).set(reference, parent);
      set({ parents, heritage: inherited(get().document, parents) });
    },

    receive: (document, base, theirs) => {
      const { steps, parents } = get();
      const rebased = (each: TypeDocument): TypeDocument => merged(base, theirs, each);
      set({
        document,
        heritage: inherited(document, parents),
        // Undoing here does not undo what others did.
        steps: base === theirs ? steps : { ...steps, done: steps.done.map(rebased), undone: steps.undone.map(rebased) },
      });
    },
  };
});
