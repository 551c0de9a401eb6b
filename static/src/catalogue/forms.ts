/** What a field of a form is, and those that many forms have. */
import { gettext } from "../common/gettext.ts";
import { isObject, type Json, type Path, type Section } from "./document.ts";

export type Kind =
  | "texts"
  | "text"
  | "long"
  | "decimal"
  | "count"
  | "range"
  | "counts"
  | "duration"
  | "unit"
  | "choice"
  | "tick"
  | "formula"
  | "slugs"
  | "roles"
  | "keys"
  | "key"
  | "states"
  | "amounts"
  | "options"
  | "value"
  | "items"
  | "part"
  | "type"
  | "type-keys"
  | "condition"
  | "indicator";

export interface Field {
  /** Where it stands within the element; empty for the element itself. */
  path: Path;
  label: string;
  kind: Kind;
  help?: string;
  required?: boolean;
  /** What holds where nothing is said. */
  usual?: Json;
  choices?: [value: string, words: string][];
  /** The sections whose keys can be named. */
  from?: Section[];
  /** What formulas speak of here. */
  names?: "all" | "properties";
  /** Whether it matters, going by what the element says. */
  when?: (value: Json) => boolean;
  /** What is nested in it. */
  items?: { one: string; add: string; fields: Field[] };
  /** Words for a tick, or what the second column of a table is. */
  words?: string;
  /** Shown only when asked for. */
  isExtra?: boolean;
}

export interface SectionForm {
  section: Section;
  label: string;
  /** What the button that makes one says. */
  add: string;
  icon: string;
  /** What this is for, where there is none yet. */
  purpose: string;
  fields: Field[];
  /** What a new one says before anybody has said anything. */
  blank: Json;
  keys: "key" | "state";
  /** One element in a few words. */
  summary: (value: Json) => string;
}

export const NAME: Field = { path: ["name"], label: gettext("Name"), kind: "texts" };
export const SOURCE: Field = {
  path: ["source"],
  label: gettext("Source"),
  kind: "long",
  help: gettext("Where the figures are from, or what was assumed."),
  isExtra: true,
};
export const UNIT: Field = { path: ["unit"], label: gettext("Unit"), kind: "unit", required: true };

/** What the same thing is called in other vocabularies. */
export function semantics(): Field[] {
  return [
    {
      path: ["semantics", "dtdl"],
      label: "DTDL",
      kind: "text",
      help: gettext("Such as dtmi:example:Pump;1"),
      isExtra: true,
    },
    { path: ["semantics", "brick"], label: "Brick", kind: "text", isExtra: true },
    {
      path: ["semantics", "eclass"],
      label: "ECLASS",
      kind: "text",
      help: gettext("Such as 0173-1#02-AAO677#002"),
      isExtra: true,
    },
  ];
}

/** The fields of an alarm. */
export function alarmFields(): Field[] {
  const is =
    (...kinds: string[]) =>
    (value: Json): boolean =>
      isObject(value) && kinds.some((kind) => value[kind] != null);
  return [
    NAME,
    { path: [], label: gettext("Rises when"), kind: "condition" },
    { path: ["for"], label: gettext("For at least"), kind: "duration", help: gettext("So long must it hold.") },
    {
      path: ["deadband"],
      label: gettext("Over when back by"),
      kind: "decimal",
      when: is("above", "below", "rising", "falling"),
      help: gettext("How far beyond the limit a value must return."),
    },
    { path: ["window"], label: gettext("Rate over"), kind: "duration", when: is("rising", "falling") },
    { path: ["clear_after"], label: gettext("Over after"), kind: "duration", isExtra: true },
    {
      path: ["priority"],
      label: gettext("Priority"),
      kind: "choice",
      usual: "medium",
      choices: [
        ["low", gettext("low")],
        ["medium", gettext("medium")],
        ["high", gettext("high")],
        ["critical", gettext("critical")],
      ],
    },
    {
      path: ["level"],
      label: gettext("Level"),
      kind: "choice",
      when: is("above", "below"),
      choices: ["HH", "H", "L", "LL"].map((level) => [level, level]),
      isExtra: true,
    },
    { path: ["message"], label: gettext("Message"), kind: "text" },
    { path: ["cause"], label: gettext("Likely cause"), kind: "long" },
    { path: ["consequence"], label: gettext("What happens otherwise"), kind: "long", isExtra: true },
    { path: ["action"], label: gettext("What to do"), kind: "long" },
    {
      path: ["suppressed_by"],
      label: gettext("Pointless while this alarm is active"),
      kind: "key",
      from: ["alarms"],
      isExtra: true,
    },
    { path: ["suppressed_when"], label: gettext("Pointless while"), kind: "formula", names: "all", isExtra: true },
    {
      path: ["latched"],
      label: gettext("End"),
      kind: "tick",
      words: gettext("Stays until somebody resets it"),
      isExtra: true,
    },
  ];
}
