/** The keyboard of the composer: one table for what the keys do and for the help that lists them. */
import { gettext } from "../common/gettext.ts";
import { useComposer } from "./store.ts";

export interface Shortcut {
  keys: string;
  words: string;
  /** Whether the key works while the canvas has the focus only, and not in a field. */
  run: (() => void) | null;
  matches: (event: KeyboardEvent) => boolean;
}

export interface Reach {
  toPalette: () => void;
  toFind: () => void;
  toLinks: () => void;
  fit: () => void;
  tidy: () => void;
  help: () => void;
}

const held = (event: KeyboardEvent): boolean => event.ctrlKey || event.metaKey;
const plain =
  (...keys: string[]) =>
  (event: KeyboardEvent): boolean =>
    !held(event) && !event.altKey && keys.includes(event.key);
const control =
  (key: string, shift = false) =>
  (event: KeyboardEvent): boolean =>
    held(event) && event.shiftKey === shift && event.key.toLowerCase() === key;

/** All shortcuts, for the given ways to reach the parts of the page. */
export function shortcuts(reach: Reach): Shortcut[] {
  const { undo, redo, removeSelected, rename, select, stopLinking } = useComposer.getState();
  const selected = (): string | undefined => useComposer.getState().nodes.find((node) => node.selected)?.id;
  return [
    { keys: "A", words: gettext("Add an asset"), matches: plain("a"), run: reach.toPalette },
    { keys: "C", words: gettext("Link the selected asset"), matches: plain("c"), run: reach.toLinks },
    {
      keys: "F2",
      words: gettext("Rename the selected asset"),
      matches: plain("F2"),
      run: () => {
        rename(selected() ?? null);
      },
    },
    {
      keys: "Del",
      words: gettext("Remove what is selected"),
      matches: plain("Delete", "Backspace"),
      run: removeSelected,
    },
    { keys: "← ↑ → ↓", words: gettext("Move what is selected; with Shift further"), matches: () => false, run: null },
    { keys: "Ctrl Z", words: gettext("Undo"), matches: control("z"), run: undo },
    {
      keys: "Ctrl Shift Z",
      words: gettext("Redo"),
      matches: (event) => control("z", true)(event) || control("y")(event),
      run: redo,
    },
    {
      keys: "Ctrl A",
      words: gettext("Select everything"),
      matches: control("a"),
      run: () => {
        select(useComposer.getState().nodes.map((node) => node.id));
      },
    },
    { keys: "/", words: gettext("Find"), matches: plain("/"), run: reach.toFind },
    { keys: "F", words: gettext("Show everything"), matches: plain("f"), run: reach.fit },
    { keys: "T", words: gettext("Tidy up"), matches: plain("t"), run: reach.tidy },
    { keys: "Esc", words: gettext("Cancel linking"), matches: plain("Escape"), run: stopLinking },
    { keys: "?", words: gettext("Show these shortcuts"), matches: plain("?"), run: reach.help },
  ];
}

/** Whether a key press belongs to a field or a button, and so is none of ours. */
export function belongsToField(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, dialog, [contenteditable]") !== null;
}
