/** What a command of the composer is, and by which keys it is given. */
import { selected } from "./editing.ts";
import { useComposer } from "../store.ts";

/** Which part of the work a command belongs to, in the order in which the help and the menus show them. */
export type Section = "add" | "edit" | "group" | "arrange" | "select" | "view";

export interface Command {
  id: string;
  words: string;
  icon: string;
  /** The keys as they are written; empty when there are none. */
  keys: string;
  section: Section;
  /** Whether it can be done with what is there and what is selected. */
  when: () => boolean;
  /** What it does; null for what only the keys themselves can do. */
  run: (() => void) | null;
  matches: (event: KeyboardEvent) => boolean;
}

const held = (event: KeyboardEvent): boolean => event.ctrlKey || event.metaKey;
const never = (): boolean => false;
const always = (): boolean => true;
/** Keys without Ctrl, Command or Alt. */
export const plain =
  (...keys: string[]) =>
  (event: KeyboardEvent): boolean =>
    !held(event) && !event.altKey && keys.includes(event.key);
/** A letter with Ctrl or Command. */
export const control =
  (key: string, shift = false) =>
  (event: KeyboardEvent): boolean =>
    held(event) && event.shiftKey === shift && event.key.toLowerCase() === key;
/** With Alt a key may write another letter, so that the place of the key on the keyboard counts. */
export const alt =
  (letter: string, shift = false) =>
  (event: KeyboardEvent): boolean =>
    event.altKey && !held(event) && event.shiftKey === shift && event.code === `Key${letter}`;

const mayEdit = (): boolean => useComposer.getState().canEdit;
/** Whether this much is selected. */
export const isChosen = (least: number): boolean => selected().ids.length >= least;
/** Whether so many assets are selected, those in selected groups among them. */
export const assetsChosen = (least: number): boolean => selected().assets.length >= least;

/** What is said of a command where it is made. */
export type Told = Omit<Command, "section" | "when" | "matches"> & Partial<Pick<Command, "when" | "matches">>;

/** The commands of a section; those that change something need the right to. */
export function of(section: Section, needsEdit: boolean, told: Told[]): Command[] {
  return told.map(({ when = always, matches = never, ...rest }) => ({
    ...rest,
    section,
    matches,
    when: () => (!needsEdit || mayEdit()) && when(),
  }));
}
