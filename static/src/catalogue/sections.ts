/** What each section of an asset type is made of, as its forms show it. */
import { gettext } from "../common/gettext.ts";
import { symbol } from "../common/units.ts";
import { asText, isObject, type Json, type Section } from "./document.ts";
import { alarmFields, NAME, semantics, SOURCE, UNIT, type SectionForm } from "./forms.ts";
import { NESTED, PARAMETER, PROPERTY } from "./properties.ts";

export const STATES: [string, string][] = [
  ["running", gettext("running")],
  ["idle", gettext("idle")],
  ["down", gettext("down")],
  ["planned", gettext("planned")],
  ["unknown", gettext("unknown")],
];

function told(value: Json, ...fields: string[]): string {
  if (!isObject(value)) return typeof value === "string" ? value : "";
  return fields
    .map((field) => {
      const part = value[field];
      if (Array.isArray(part)) return part.map(asText).join(", ");
      return field === "unit" ? symbol(asText(part)) : asText(part);
    })
    .filter(Boolean)
    .join(" · ");
}

function rangeInWords(value: Json): string {
  const range = isObject(value) && Array.isArray(value["range"]) ? value["range"].map(asText).join(" – ") : "";
  return [range, told(value, "unit")].filter(Boolean).join(" ");
}

export const FORMS: SectionForm[] = [
  {
    section: "properties",
    label: gettext("Properties"),
    add: gettext("Add a property"),
    icon: "list-details",
    purpose: gettext("Fixed facts about each asset, such as its rated flow or its maker."),
    fields: PROPERTY,
    blank: { type: "number" },
    keys: "key",
    summary: (value) => told(value, "type", "unit"),
  },
  {
    section: "signals",
    label: gettext("Signals"),
    add: gettext("Add a signal"),
    icon: "wave-sine",
    purpose: gettext("What is measured of each asset while it works."),
    fields: [
      NAME,
      UNIT,
      {
        path: ["range"],
        label: gettext("Credible range"),
        kind: "range",
        help: gettext("A reading outside is kept and marked as out of range."),
      },
      {
        path: ["rate"],
        label: gettext("A reading every"),
        kind: "duration",
        help: gettext("How often one is expected, such as 5 s or 1 h."),
      },
      {
        path: ["quality", "stuck"],
        label: gettext("Stuck after"),
        kind: "duration",
        help: gettext("A value that has not moved at all for this long is suspect."),
      },
      {
        path: ["quality", "spike"],
        label: gettext("Spike beyond"),
        kind: "decimal",
        words: gettext("deviations"),
        help: gettext("A jump by more robust standard deviations than this is suspect."),
      },
      {
        path: ["quality", "stale"],
        label: gettext("Stale after"),
        kind: "duration",
        help: gettext("A reading that comes later than this after it was taken is suspect."),
      },
      ...semantics(),
      SOURCE,
    ],
    blank: { unit: "1" },
    keys: "key",
    summary: rangeInWords,
  },
  {
    section: "derived",
    label: gettext("Derived signals"),
    add: gettext("Add a derived signal"),
    icon: "chart-line",
    purpose: gettext("Signals that are worked out from others as their readings arrive."),
    fields: [
      NAME,
      UNIT,
      { path: ["formula"], label: gettext("Formula"), kind: "formula", names: "all", required: true },
      {
        path: ["patience"],
        label: gettext("Readings hold for"),
        kind: "duration",
        help: gettext(
          "How long a reading that it needs counts when no other follows; five times its rate unless you say it.",
        ),
        isExtra: true,
      },
      SOURCE,
    ],
    blank: { unit: "1", formula: "" },
    keys: "key",
    summary: (value) => told(value, "unit", "formula"),
  },
  {
    section: "states",
    label: gettext("States"),
    add: gettext("Add a state"),
    icon: "activity",
    purpose: gettext("When an asset is running, idle or down: outcomes are counted by this."),
    fields: [{ path: [], label: gettext("Holds when"), kind: "formula", names: "all", required: true }],
    blank: "",
    keys: "state",
    summary: (value) => told(value),
  },
  {
    section: "alarms",
    label: gettext("Alarms"),
    add: gettext("Add an alarm"),
    icon: "bell",
    purpose: gettext("When somebody is called, and what to do then."),
    fields: alarmFields(),
    blank: { when: "", priority: "medium" },
    keys: "key",
    summary: (value) => told(value, "priority", "signal", "when"),
  },
  {
    section: "constraints",
    label: gettext("Constraints"),
    add: gettext("Add a constraint"),
    icon: "scale",
    purpose: gettext("What must hold between the properties of an asset, such as a duty point below the rated flow."),
    fields: [
      NAME,
      { path: ["holds"], label: gettext("Must hold"), kind: "formula", names: "properties", required: true },
      { path: ["message"], label: gettext("What to say when it does not"), kind: "long" },
      {
        path: ["severity"],
        label: gettext("Then"),
        kind: "choice",
        usual: "error",
        choices: [
          ["error", gettext("a twin cannot be published")],
          ["hint", gettext("it is only said")],
        ],
      },
      SOURCE,
    ],
    blank: { holds: "" },
    keys: "key",
    summary: (value) => told(value, "holds"),
  },
  {
    section: "commands",
    label: gettext("Commands"),
    add: gettext("Add a command"),
    icon: "player-play",
    purpose: gettext("What an asset can be told to do, by whom, and within which limits."),
    fields: [
      NAME,
      {
        path: ["parameters"],
        label: gettext("Parameters"),
        kind: "items",
        items: { one: gettext("parameter"), add: gettext("Add a parameter"), fields: PARAMETER },
      },
      {
        path: ["risk"],
        label: gettext("Risk"),
        kind: "choice",
        usual: "low",
        choices: [
          ["low", gettext("low")],
          ["medium", gettext("medium")],
          ["high", gettext("high")],
        ],
      },
      {
        path: ["roles"],
        label: gettext("Who may give it"),
        kind: "roles",
        help: gettext("Nobody named means whoever may operate the twin."),
      },
      { path: ["confirm"], label: gettext("Agreement"), kind: "tick", words: gettext("A second person has to agree") },
      {
        path: ["when"],
        label: gettext("Only while"),
        kind: "formula",
        names: "all",
        help: gettext("What must hold for it to be given; empty for always."),
      },
      SOURCE,
    ],
    blank: {},
    keys: "key",
    summary: (value) => told(value, "risk", "roles"),
  },
  {
    section: "ports",
    label: gettext("Ports"),
    add: gettext("Add a port"),
    icon: "plug-connected",
    purpose: gettext("Where links to other assets begin and end, and what may pass through them."),
    fields: [
      NAME,
      {
        path: ["accepts"],
        label: gettext("What may pass"),
        kind: "slugs",
        required: true,
        help: gettext("A link fits when its two ends accept something in common."),
      },
      { path: ["max"], label: gettext("Links at most"), kind: "count", help: gettext("Empty for any number.") },
    ],
    blank: { accepts: [] },
    keys: "key",
    summary: (value) => told(value, "accepts"),
  },
  {
    section: "relationships",
    label: gettext("Relationships"),
    add: gettext("Add a relationship"),
    icon: "link",
    purpose: gettext("Kinds of links that an asset may have, with what they may lead to and how many."),
    fields: [
      NAME,
      {
        path: ["targets"],
        label: gettext("May lead to"),
        kind: "type-keys",
        help: gettext("Types, and those that extend them. None named means any."),
      },
      { path: ["min"], label: gettext("At least"), kind: "count", usual: 0 },
      { path: ["max"], label: gettext("At most"), kind: "count", help: gettext("Empty for any number.") },
      {
        path: ["properties"],
        label: gettext("What is said about each"),
        kind: "items",
        items: { one: gettext("property"), add: gettext("Add a property"), fields: NESTED },
        isExtra: true,
      },
      SOURCE,
    ],
    blank: {},
    keys: "key",
    summary: (value) => told(value, "targets"),
  },
  {
    section: "components",
    label: gettext("Components"),
    add: gettext("Add a component"),
    icon: "components",
    purpose: gettext("Parts that are assets of their own, such as the motor of a pump."),
    fields: [
      NAME,
      { path: ["type"], label: gettext("Type"), kind: "type", required: true },
      { path: ["count"], label: gettext("How many"), kind: "counts", usual: [1, 1] },
    ],
    blank: { type: "" },
    keys: "key",
    summary: (value) => told(value, "type"),
  },
  {
    section: "failure_modes",
    label: gettext("Failure modes"),
    add: gettext("Add a failure mode"),
    icon: "alert-triangle",
    purpose: gettext("The ways in which it fails, and the signals that show it."),
    fields: [
      NAME,
      { path: ["signals"], label: gettext("Seen in"), kind: "keys", from: ["signals", "derived"] },
      { path: ["effects"], label: gettext("Ends in"), kind: "states" },
      SOURCE,
    ],
    blank: {},
    keys: "key",
    summary: (value) => told(value, "signals"),
  },
  {
    section: "maintenance",
    label: gettext("Maintenance"),
    add: gettext("Add a task"),
    icon: "tool",
    purpose: gettext("Tasks that undo failure modes, with the time, people and parts that they take."),
    fields: [
      NAME,
      { path: ["duration"], label: gettext("Takes"), kind: "duration", required: true },
      { path: ["restores"], label: gettext("Undoes"), kind: "keys", from: ["failure_modes"] },
      { path: ["skills"], label: gettext("People needed at once"), kind: "amounts", words: gettext("Skill") },
      { path: ["parts"], label: gettext("Parts used up"), kind: "amounts", words: gettext("Part number") },
      { path: ["shutdown"], label: gettext("Operation"), kind: "tick", words: gettext("Out of service meanwhile") },
      SOURCE,
    ],
    blank: { duration: "PT1H" },
    keys: "key",
    summary: (value) => told(value, "restores"),
  },
  {
    section: "indicators",
    label: gettext("Outcome indicators"),
    add: gettext("Add an indicator"),
    icon: "trending-up",
    purpose: gettext("What outcome contracts are paid by, such as the share of time that an asset is not down."),
    fields: [{ path: [], label: gettext("What counts"), kind: "indicator", required: true }],
    blank: "share of time not down",
    keys: "key",
    summary: (value) => told(value),
  },
];

export function formOf(section: Section): SectionForm {
  const found = FORMS.find((form) => form.section === section);
  if (!found) throw new Error(`no form for ${section}`);
  return found;
}
