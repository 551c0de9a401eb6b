/** The fields of a property, of the values nested in one, and of a command's parameter. */
import { gettext } from "../common/gettext.ts";
import { isObject, type Json } from "./document.ts";
import type { Field } from "./forms.ts";

const is =
  (...types: string[]) =>
  (value: Json): boolean =>
    isObject(value) && types.includes(typeof value["type"] === "string" ? value["type"] : "number");

const PLAIN_TYPES: [string, string][] = [
  ["number", gettext("number")],
  ["integer", gettext("whole number")],
  ["text", gettext("text")],
  ["boolean", gettext("yes or no")],
];
const ALL_TYPES: [string, string][] = [
  ...PLAIN_TYPES,
  ["object", gettext("several values together")],
  ["map", gettext("values by name")],
  ["array", gettext("a list of values")],
];

const NAME: Field = { path: ["name"], label: gettext("Name"), kind: "texts" };
const UNIT: Field = { path: ["unit"], label: gettext("Unit"), kind: "unit", when: is("number", "integer") };
const CHOICES: Field = {
  path: ["choices"],
  label: gettext("One of"),
  kind: "options",
  when: is("text"),
  help: gettext("What can be chosen; none means any text."),
};
const REQUIRED: Field = {
  path: ["required"],
  label: gettext("Completeness"),
  kind: "tick",
  words: gettext("Needed before a twin is published"),
};
const BOUNDS: Field[] = [
  { path: ["minimum"], label: gettext("At least"), kind: "decimal", when: is("number", "integer") },
  { path: ["maximum"], label: gettext("At most"), kind: "decimal", when: is("number", "integer") },
];
const FORMAT: Field = {
  path: ["format"],
  label: gettext("Written as"),
  kind: "choice",
  when: is("text"),
  choices: [
    ["date", gettext("a date")],
    ["time", gettext("a time of day")],
    ["date-time", gettext("a moment")],
    ["duration", gettext("a duration")],
  ],
  isExtra: true,
};

/** Filled below: what is nested has the same fields again. */
export const NESTED: Field[] = [];

const SHAPE: Field[] = [
  { path: ["type"], label: gettext("Kind of value"), kind: "choice", choices: ALL_TYPES, required: true },
  UNIT,
  ...BOUNDS,
  CHOICES,
  {
    path: ["fields"],
    label: gettext("Values in it"),
    kind: "items",
    when: is("object"),
    items: { one: gettext("value"), add: gettext("Add a value"), fields: NESTED },
  },
  {
    path: ["of"],
    label: gettext("Each value"),
    kind: "part",
    when: is("array", "map"),
    items: { one: gettext("value"), add: gettext("Say what each value is"), fields: NESTED },
  },
  FORMAT,
];

NESTED.push(NAME, ...SHAPE, REQUIRED);

export const PROPERTY: Field[] = [
  NAME,
  ...SHAPE,
  {
    path: ["default"],
    label: gettext("Usual value"),
    kind: "value",
    help: gettext("What holds for an asset that does not say it."),
  },
  REQUIRED,
  { path: ["semantics", "dtdl"], label: "DTDL", kind: "text", isExtra: true },
  { path: ["semantics", "brick"], label: "Brick", kind: "text", isExtra: true },
  { path: ["semantics", "eclass"], label: "ECLASS", kind: "text", isExtra: true },
  {
    path: ["source"],
    label: gettext("Source"),
    kind: "long",
    help: gettext("Where a value is found, or how the bounds were taken."),
    isExtra: true,
  },
];

export const PARAMETER: Field[] = [
  NAME,
  { path: ["type"], label: gettext("Kind of value"), kind: "choice", choices: PLAIN_TYPES, usual: "number" },
  UNIT,
  { path: ["range"], label: gettext("Limits"), kind: "range", when: is("number", "integer") },
  { path: ["choices"], label: gettext("One of"), kind: "slugs", when: is("text") },
  { ...REQUIRED, words: gettext("Has to be said"), usual: true },
];
