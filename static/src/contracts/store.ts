/** What the editor of contracts knows and what can be done in it; React only shows this. */
import { create } from "zustand";
import { same, withValue, type Finding, type Json, type JsonObject, type Path } from "../catalogue/document.ts";
import { back, forward, noSteps, recorded, type Steps } from "../catalogue/steps.ts";
import { announce } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { consistent, inserted, listAt, moved, type KnownAsset, type TextSection } from "./model.ts";

/** The newest published version. */
export interface Before {
  version: number;
  lines: string[];
  from: string;
}

export type SaveState =
  | { kind: "quiet" }
  | { kind: "saving" }
  | { kind: "refused"; message: string }
  | { kind: "unreachable" }
  | { kind: "conflict"; theirs: JsonObject; revision: number; lines: string[] };

export interface ContractEditor {
  draft: JsonObject;
  saved: JsonObject;
  revision: number;
  before: Before | null;
  assets: KnownAsset[];
  findings: Finding[];
  /** The text of the last draft that fitted. */
  sections: TextSection[];
  version: number | null;
  digest: string | null;
  /** Whether the text, the findings and the digest are those of the draft that is shown. */
  isCurrent: boolean;
  /** Where the person is. */
  place: string;
  steps: Steps<JsonObject>;
  save: SaveState;

  change: (path: Path, value: Json | undefined) => void;
  insert: (path: Path, item: Json, at?: number) => void;
  remove: (path: Path, at: number) => void;
  move: (path: Path, at: number, steps: number) => void;
  look: (place: string) => void;
  undo: () => void;
  redo: () => void;
}

export const isChanged = ({ draft, saved }: ContractEditor): boolean => !same(draft, saved);

export const useContract = create<ContractEditor>((set, get) => {
  function become(wanted: JsonObject, place: string): void {
    const { draft: before, steps } = get();
    const draft = consistent(wanted);
    if (same(draft, before)) return;
    const save: SaveState = get().save.kind === "refused" ? { kind: "quiet" } : get().save;
    set({ draft, steps: recorded(steps, before, place, Date.now()), isCurrent: false, save });
  }

  function retrace(step: [Steps<JsonObject>, JsonObject] | null, nothing: string, done: string): void {
    if (!step) {
      announce(nothing);
      return;
    }
    const [steps, draft] = step;
    set({ steps, draft, isCurrent: false });
    announce(done);
  }

  return {
    draft: {},
    saved: {},
    revision: 0,
    before: null,
    assets: [],
    findings: [],
    sections: [],
    version: null,
    digest: null,
    isCurrent: true,
    place: "",
    steps: noSteps(),
    save: { kind: "quiet" },

    change: (path, value) => {
      become(withValue(get().draft, path, value) as JsonObject, path.join("/"));
    },

    insert: (path, item, at) => {
      become(inserted(get().draft, path, item, at), "");
    },

    remove: (path, at) => {
      const kept = listAt(get().draft, path).filter((_, index) => index !== at);
      become(withValue(get().draft, path, kept) as JsonObject, "");
    },

    move: (path, at, steps) => {
      become(moved(get().draft, path, at, steps), "");
    },

    look: (place) => {
      if (get().place !== place) set({ place });
    },

    undo: () => {
      retrace(back(get().steps, get().draft), gettext("Nothing to undo."), gettext("Undone."));
    },

    redo: () => {
      retrace(forward(get().steps, get().draft), gettext("Nothing to redo."), gettext("Done again."));
    },
  };
});

/** Puts the focus on what stands at a place, or on what is around it. */
export function jump(place: string): void {
  let wanted = place;
  while (wanted) {
    const found = document.querySelector<HTMLElement>(`[data-place="${CSS.escape(wanted)}"]`);
    if (found) {
      for (let fold = found.closest("details"); fold; fold = fold.parentElement?.closest("details") ?? null)
        fold.open = true;
      found.scrollIntoView({ block: "center" });
      found.focus();
      return;
    }
    wanted = wanted.includes("/") ? wanted.slice(0, wanted.lastIndexOf("/")) : "";
  }
}
