/** The commands of the composer: one table for the keyboard, the help, the menus, the tools and the list of commands. */
import { gettext } from "../../common/gettext.ts";
import { arrangements, grouping } from "../arranging/arrangecommands.ts";
import { openAdding, useCanvas } from "../canvas/canvas.ts";
import { control, isChosen, of, plain, type Command, type Told } from "./command.ts";
import { openComponents } from "../model/components.ts";
import { duplicate, renameSelected, selected } from "./editing.ts";
import { addNote, chooseImage, editNote, notesHere, resizeNotes } from "../canvas/noting.ts";
import { copyByCommand, pasteByCommand } from "./pasteboard.ts";
import { useComposer } from "../store.ts";

/** What the commands need of the page around the canvas. */
export interface Reach {
  toPalette: () => void;
  toFind: () => void;
  toLinks: () => void;
  fit: () => void;
  zoom: (by: "in" | "out") => void;
  tidy: () => void;
  help: () => void;
  menu: () => void;
}

/** Commands that other parts of the composer bring along. */
export const extraCommands: Command[] = [];

function isOneAsset(): boolean {
  const { document, ids } = selected();
  return ids.length === 1 && ids.every((id) => id in document.assets);
}

/** The one asset that is selected and has components still to be added; nothing otherwise. */
function wholeWithRoom(): string | undefined {
  const { document, ids, assets } = selected();
  const [asset] = assets;
  if (ids.length !== 1 || assets.length !== 1 || asset === undefined) return undefined;
  return openComponents(document, useComposer.getState().types, asset).length > 0 ? asset : undefined;
}

function additions(reach: Reach): Command[] {
  return of("add", true, [
    {
      id: "add",
      words: gettext("Add an asset where the pointer is"),
      icon: "plus",
      keys: "A",
      matches: plain("a"),
      run: () => {
        const from = useComposer.getState().linking?.from ?? null;
        openAdding({ from });
      },
    },
    {
      id: "palette",
      words: gettext("Go to the asset types"),
      icon: "apps",
      keys: "P",
      matches: plain("p"),
      run: reach.toPalette,
    },
    {
      id: "add-component",
      words: gettext("Add a component of the selected asset"),
      icon: "components",
      keys: "Shift A",
      matches: plain("A"),
      when: () => wholeWithRoom() !== undefined,
      run: () => {
        openAdding({ owner: wholeWithRoom() ?? null });
      },
    },
    { id: "note", words: gettext("Add a note"), icon: "note", keys: "N", matches: plain("n"), run: addNote },
    { id: "image", words: gettext("Add an image"), icon: "photo", keys: "I", matches: plain("i"), run: chooseImage },
    {
      id: "link",
      words: gettext("Link the selected asset"),
      icon: "link",
      keys: "C",
      matches: plain("c"),
      when: isOneAsset,
      run: reach.toLinks,
    },
  ]);
}

function edits(): Command[] {
  const { undo, redo, removeSelected } = useComposer.getState();
  return of("edit", true, [
    { id: "undo", words: gettext("Undo"), icon: "arrow-back-up", keys: "Ctrl Z", matches: control("z"), run: undo },
    {
      id: "redo",
      words: gettext("Redo"),
      icon: "arrow-forward-up",
      keys: "Ctrl Shift Z",
      matches: (event) => control("z", true)(event) || control("y")(event),
      run: redo,
    },
    // These three come as events of the clipboard, which need no permission; the keys themselves do nothing here.
    {
      id: "cut",
      words: gettext("Cut"),
      icon: "cut",
      keys: "Ctrl X",
      when: () => isChosen(1),
      run: () => void copyByCommand(true),
    },
    {
      id: "paste",
      words: gettext("Paste where the pointer is"),
      icon: "clipboard",
      keys: "Ctrl V",
      run: () => void pasteByCommand(),
    },
    {
      id: "duplicate",
      words: gettext("Duplicate"),
      icon: "copy-plus",
      keys: "Ctrl D",
      matches: control("d"),
      when: () => isChosen(1),
      run: duplicate,
    },
    {
      id: "rename",
      words: gettext("Rename what is selected, or edit the note"),
      icon: "pencil",
      keys: "F2",
      matches: plain("F2"),
      when: () => isChosen(1),
      run: () => {
        if (!editNote()) renameSelected();
      },
    },
    {
      id: "move",
      words: gettext("Move what is selected; with Shift further"),
      icon: "arrows-move",
      keys: "← ↑ → ↓",
      run: null,
    },
    {
      id: "larger",
      words: gettext("Make the note larger"),
      icon: "arrows-maximize",
      keys: "]",
      matches: plain("]"),
      when: () => notesHere().length > 0,
      run: () => {
        resizeNotes(1.25);
      },
    },
    {
      id: "smaller",
      words: gettext("Make the note smaller"),
      icon: "arrows-minimize",
      keys: "[",
      matches: plain("["),
      when: () => notesHere().length > 0,
      run: () => {
        resizeNotes(0.8);
      },
    },
    {
      id: "remove",
      words: gettext("Remove what is selected"),
      icon: "trash",
      keys: "Del",
      matches: plain("Delete", "Backspace"),
      when: () => isChosen(1) || useComposer.getState().edges.some((edge) => edge.selected),
      run: removeSelected,
    },
  ]);
}

const copy: Told = {
  id: "copy",
  words: gettext("Copy"),
  icon: "copy",
  keys: "Ctrl C",
  when: () => isChosen(1),
  run: () => void copyByCommand(false),
};

function selecting(): Command[] {
  const { select, stopLinking } = useComposer.getState();
  return of("select", false, [
    {
      id: "select-all",
      words: gettext("Select everything"),
      icon: "select-all",
      keys: "Ctrl A",
      matches: control("a"),
      run: () => {
        select(
          useComposer
            .getState()
            .nodes.filter((node) => node.type !== "frame")
            .map((node) => node.id),
        );
      },
    },
    {
      id: "lasso",
      words: gettext("Select by dragging and by single clicks"),
      icon: "lasso",
      keys: "S",
      matches: plain("s"),
      run: () => {
        useCanvas.setState(({ selecting: on }) => ({ selecting: !on }));
      },
    },
    { id: "marquee", words: gettext("Select what is enclosed"), icon: "marquee-2", keys: "Shift drag", run: null },
    {
      id: "cancel",
      words: gettext("Cancel linking, close what is open, select nothing"),
      icon: "x",
      keys: "Esc",
      matches: plain("Escape"),
      run: () => {
        const { adding, menu, notice, selecting: isSelecting } = useCanvas.getState();
        const { linking } = useComposer.getState();
        if (linking || adding || menu || notice) {
          stopLinking();
          useCanvas.setState({ adding: null, menu: null, notice: "" });
        } else if (isSelecting) useCanvas.setState({ selecting: false });
        else select([]);
      },
    },
  ]);
}

function views(reach: Reach): Command[] {
  return of("view", false, [
    { id: "find", words: gettext("Find"), icon: "search", keys: "/", matches: plain("/"), run: reach.toFind },
    { id: "fit", words: gettext("Show everything"), icon: "maximize", keys: "F", matches: plain("f"), run: reach.fit },
    {
      id: "zoom-in",
      words: gettext("Zoom in"),
      icon: "zoom-in",
      keys: "+",
      matches: plain("+", "="),
      run: () => {
        reach.zoom("in");
      },
    },
    {
      id: "zoom-out",
      words: gettext("Zoom out"),
      icon: "zoom-out",
      keys: "-",
      matches: plain("-"),
      run: () => {
        reach.zoom("out");
      },
    },
    {
      id: "menu",
      words: gettext("Open the menu of what is selected"),
      icon: "dots",
      keys: "Shift F10",
      matches: (event) => event.key === "ContextMenu" || (event.shiftKey && event.key === "F10"),
      run: reach.menu,
    },
    {
      id: "help",
      words: gettext("Show these shortcuts"),
      icon: "keyboard",
      keys: "?",
      matches: plain("?"),
      run: reach.help,
    },
  ]);
}

/** All commands, for the given ways to reach the parts of the page. */
export function commands(reach: Reach): Command[] {
  return [
    ...additions(reach),
    ...of("edit", false, [copy]),
    ...edits(),
    ...grouping(),
    ...arrangements(reach.tidy),
    ...selecting(),
    ...views(reach),
    ...extraCommands,
  ];
}

/** Whether a key press belongs to a field or a button, and so is none of ours. */
export function belongsToField(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest("input, textarea, select, dialog, [contenteditable], [role=grid], [role=menu]") !== null
  );
}

export type { Command, Section } from "./command.ts";
