/** The commands that group and line up what is selected. */
import { gettext } from "../../common/gettext.ts";
import type { Alignment, Axis } from "./arrange.ts";
import { align, distribute, selectedBoxes } from "./arranging.ts";
import { alt, assetsChosen, control, of, plain, type Command, type Told } from "../commands/command.ts";
import {
  attach,
  canAttach,
  detach,
  group,
  groupsHere,
  selected,
  toggleCollapsed,
  ungroup,
} from "../commands/editing.ts";

const collapsing: Told = {
  id: "collapse",
  words: gettext("Collapse or expand the group"),
  icon: "fold",
  keys: "E",
  matches: plain("e"),
  when: () => groupsHere().length > 0,
  run: toggleCollapsed,
};

/** What brings assets together and apart. */
export function grouping(): Command[] {
  return [
    ...of("group", false, [collapsing]),
    ...of("group", true, [
      {
        id: "group",
        words: gettext("Group"),
        icon: "folder",
        keys: "Ctrl G",
        matches: control("g"),
        when: () => assetsChosen(1),
        run: group,
      },
      {
        id: "ungroup",
        words: gettext("Ungroup, or take out of the group"),
        icon: "square-dashed",
        keys: "Ctrl Shift G",
        matches: control("g", true),
        when: () => groupsHere().length > 0,
        run: ungroup,
      },
      {
        id: "attach",
        words: gettext("Make the others components of one of them"),
        icon: "puzzle",
        keys: "Alt P",
        matches: alt("P"),
        when: canAttach,
        run: attach,
      },
      {
        id: "detach",
        words: gettext("Make the component stand on its own"),
        icon: "puzzle-off",
        keys: "Alt Shift P",
        matches: alt("P", true),
        when: () => {
          const { document, assets } = selected();
          return assets.some((id) => document.assets[id]?.part_of);
        },
        run: detach,
      },
    ]),
  ];
}

const ALIGNMENTS: [Alignment, string, string, string][] = [
  ["left", gettext("Align left"), "layout-align-left", "A"],
  ["centre", gettext("Align centres"), "layout-align-center", "H"],
  ["right", gettext("Align right"), "layout-align-right", "D"],
  ["top", gettext("Align tops"), "layout-align-top", "W"],
  ["middle", gettext("Align middles"), "layout-align-middle", "V"],
  ["bottom", gettext("Align bottoms"), "layout-align-bottom", "S"],
];

const DISTRIBUTIONS: [Axis, string, string, string][] = [
  ["x", gettext("Distribute across"), "layout-distribute-vertical", "H"],
  ["y", gettext("Distribute down"), "layout-distribute-horizontal", "V"],
];

/** What lines things up. */
export function arrangements(tidy: () => void): Command[] {
  return of("arrange", true, [
    ...ALIGNMENTS.map(([how, words, icon, letter]): Told => ({
      id: `align-${how}`,
      words,
      icon,
      keys: `Alt ${letter}`,
      matches: alt(letter),
      when: () => selectedBoxes().length > 1,
      run: () => {
        align(how);
      },
    })),
    ...DISTRIBUTIONS.map(([axis, words, icon, letter]): Told => ({
      id: `distribute-${axis}`,
      words,
      icon,
      keys: `Alt Shift ${letter}`,
      matches: alt(letter, true),
      when: () => selectedBoxes().length > 2,
      run: () => {
        distribute(axis);
      },
    })),
    { id: "tidy", words: gettext("Tidy up"), icon: "layout-grid", keys: "T", matches: plain("t"), run: tidy },
  ]);
}
