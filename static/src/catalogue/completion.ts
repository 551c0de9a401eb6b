/** What may stand at a place in a formula, and what choosing it writes. */
import { symbol } from "../common/units.ts";
import { gettext } from "../common/gettext.ts";
import { roleInWords, type LanguageFunction, type Vocabulary } from "./vocabulary.ts";

export interface Option {
  /** What is written in place of the word that was begun. */
  text: string;
  /** How many characters before its end the cursor then stands. */
  back: number;
  label: string;
  detail: string;
  kind: "name" | "function" | "word" | "unit";
}

export interface Completion {
  /** The word that is replaced. */
  start: number;
  end: number;
  options: Option[];
}

const KEYWORDS = ["and", "or", "not", "if", "then", "else", "true", "false"];
const MOST = 12;
/** A number, and behind it the beginning of a unit: what a unit may be made of, none of it a space. */
const AFTER_NUMBER = /(?:^|[^A-Za-z0-9_])\d+(?:\.\d+)?([ \t]*)([A-Za-zµ°%'_[{][A-Za-z0-9µ°%'_./{}[\]-]*)?$/;
const WORD_BEFORE = /[A-Za-z_][A-Za-z0-9_]*$/;
const WORD_AFTER = /^[A-Za-z0-9_]*/;
const COMPARED = /([A-Za-z_][A-Za-z0-9_]*)\s*(?:<=|>=|!=|==|=|<|>|\+|-)\s*\d+(?:\.\d+)?[ \t]*[^\s]*$/;

/** How well a candidate fits what was typed: 0 the best, null not at all. */
function rank(typed: string, ...texts: string[]): number | null {
  if (!typed) return 2;
  const wanted = typed.toLowerCase();
  const [name = "", ...others] = texts.map((text) => text.toLowerCase());
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  if (name.split("_").some((part) => part.startsWith(wanted))) return 2;
  if (name.includes(wanted)) return 3;
  return others.some((text) => text.split(/\s+/).some((part) => part.startsWith(wanted))) ? 4 : null;
}

function best(candidates: [number | null, Option][]): Option[] {
  const fitting = candidates.flatMap(([place, option]) => (place === null ? [] : [{ place, option }]));
  return fitting
    .sort((one, other) => one.place - other.place)
    .map(({ option }) => option)
    .slice(0, MOST);
}

/** Whether a place lies within a text in quotation marks, where nothing is completed. */
function isQuoted(before: string): boolean {
  return (before.split('"').length - 1) % 2 === 1;
}

/** What may be written at the cursor; null where nothing can be said. */
export function completion(text: string, cursor: number, vocabulary: Vocabulary): Completion | null {
  const before = text.slice(0, cursor);
  if (isQuoted(before)) return null;
  const number = AFTER_NUMBER.exec(before);
  if (!number) return wordsAt(text, cursor, vocabulary);
  const [, space, unit] = number;
  return space || unit ? unitsAt(text, cursor, unit ?? "", vocabulary) : null;
}

function wordsAt(text: string, cursor: number, vocabulary: Vocabulary): Completion | null {
  const word = WORD_BEFORE.exec(text.slice(0, cursor))?.[0] ?? "";
  const start = cursor - word.length;
  const end = cursor + (WORD_AFTER.exec(text.slice(cursor))?.[0].length ?? 0);
  const options = best([...named(word, vocabulary), ...called(word, vocabulary, text.slice(end)), ...keywords(word)]);
  return options.length && !isWhole(options, word) ? { start, end, options } : null;
}

function isWhole(options: Option[], word: string): boolean {
  return options.length === 1 && options[0]?.text === word;
}

function named(word: string, { names }: Vocabulary): [number | null, Option][] {
  return names.map(({ name, role, unit, label }) => [
    rank(word, name, label),
    {
      text: name,
      back: 0,
      label: name,
      detail: [label, symbol(unit), roleInWords(role)].filter(Boolean).join(" · "),
      kind: "name",
    },
  ]);
}

function called(word: string, { functions }: Vocabulary, after: string): [number | null, Option][] {
  const isCalled = after.trimStart().startsWith("(");
  return functions.map(({ name, usage, meaning }) => [
    rank(word, name, meaning),
    { text: isCalled ? name : `${name}()`, back: isCalled ? 0 : 1, label: usage, detail: meaning, kind: "function" },
  ]);
}

function keywords(word: string): [number | null, Option][] {
  if (!word) return [];
  return KEYWORDS.map((each) => [
    each.startsWith(word.toLowerCase()) ? 1 : null,
    { text: each, back: 0, label: each, detail: gettext("word of the language"), kind: "word" },
  ]);
}

function unitsAt(text: string, cursor: number, typed: string, vocabulary: Vocabulary): Completion | null {
  const before = text.slice(0, cursor);
  const name = COMPARED.exec(before)?.[1];
  const own = vocabulary.names.find((each) => each.name === name)?.unit;
  const used = new Set(vocabulary.names.map(({ unit }) => unit).filter((unit) => unit !== "1"));
  const known = new Map(vocabulary.units.map((unit) => [unit.code, unit.name]));
  const codes = [...new Set([...(own && own !== "1" ? [own] : []), ...used, ...known.keys()])];
  const candidates = codes.map((code, index): [number | null, Option] => {
    const fit = rank(typed, code, symbol(code), known.get(code) ?? "");
    const nearer = code === own ? -2 : used.has(code) ? -0.5 : 0;
    const detail = [known.get(code), symbol(code) === code ? "" : symbol(code)].filter(Boolean).join(" · ");
    return [
      fit === null ? null : fit + nearer + index / 10_000,
      { text: code, back: 0, label: code, detail, kind: "unit" },
    ];
  });
  // "and" behind a number is a word, not the beginning of a unit.
  const options = best([...candidates, ...(typed ? keywords(typed) : [])]);
  return options.length && !isWhole(options, typed) ? { start: cursor - typed.length, end: cursor, options } : null;
}

/** The text after an option was chosen, and where the cursor then is. */
export function completed(text: string, { start, end }: Completion, option: Option): [text: string, cursor: number] {
  const written = text.slice(0, start) + option.text;
  return [written + text.slice(end), written.length - option.back];
}

/** The function whose brackets the cursor stands in, the innermost; several where one name is called in several ways. */
export function calledAt(text: string, cursor: number, functions: readonly LanguageFunction[]): LanguageFunction[] {
  let depth = 0;
  for (let place = cursor - 1; place >= 0; place -= 1) {
    if (text[place] === ")") depth += 1;
    if (text[place] !== "(") continue;
    if (depth > 0) depth -= 1;
    else {
      const name = WORD_BEFORE.exec(text.slice(0, place))?.[0];
      const found = functions.filter((each) => each.name === name);
      if (found.length) return found;
    }
  }
  return [];
}
