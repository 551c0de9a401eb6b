/** JSON as a person edits it: read with the place of each value in the text, and with what is wrong at its place. */
import { gettext } from "../common/gettext.ts";
import type { Json, JsonObject } from "./document.ts";

export interface Fault {
  at: number;
  message: string;
}

export interface Read {
  value: Json | undefined;
  fault: Fault | null;
  /** By place, such as `signals/flow/range/0`: where its value stands, key included. */
  places: Map<string, [start: number, end: number]>;
}

const SPACE = /\s*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS = new Map<string, Json>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const DEEPEST = 60;

class Wrong extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

class Reader {
  readonly places: Read["places"] = new Map();
  private place = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  document(): Json {
    const value = this.value([], this.place);
    this.space();
    if (this.place < this.text.length) throw this.wrong(gettext("Something stands behind the end."));
    return value;
  }

  private wrong(message: string, at = this.place): Wrong {
    return new Wrong(at, message);
  }

  private space(): void {
    this.match(SPACE);
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.place;
    const found = pattern.exec(this.text);
    if (!found) return null;
    this.place = pattern.lastIndex;
    return found[0];
  }

  private take(sign: string): boolean {
    this.space();
    if (this.text[this.place] !== sign) return false;
    this.place += 1;
    return true;
  }

  private value(path: string[], start: number): Json {
    if (path.length > DEEPEST) throw this.wrong(gettext("This is nested too deeply."));
    this.space();
    const found = this.text[this.place];
    const value =
      found === "{"
        ? this.object(path)
        : found === "["
          ? this.array(path)
          : found === '"'
            ? this.string()
            : this.plain();
    this.places.set(path.join("/"), [path.length ? start : 0, this.place]);
    return value;
  }

  private plain(): Json {
    const number = this.match(NUMBER);
    if (number !== null) return Number(number);
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.place)) {
        this.place += word.length;
        return value;
      }
    }
    throw this.wrong(
      this.place < this.text.length
        ? gettext("A value has to stand here: a text in quotation marks, a number, true, false, an object or an array.")
        : gettext("The text ends before the document does."),
    );
  }

  private string(): string {
    const start = this.place;
    const found = this.match(STRING);
    if (found === null)
      throw this.wrong(gettext("This text has no end, or a character that has to be escaped."), start);
    return JSON.parse(found) as string;
  }

  private object(path: string[]): JsonObject {
    this.place += 1;
    const found: JsonObject = {};
    if (this.take("}")) return found;
    do {
      this.space();
      const start = this.place;
      if (this.text[start] !== '"') throw this.wrong(gettext("A key in quotation marks has to stand here."));
      const key = this.string();
      if (Object.hasOwn(found, key)) throw this.wrong(gettext("The key “{key}” stands twice.", { key }), start);
      if (!this.take(":")) throw this.wrong(gettext("A colon has to stand here."));
      // Not by assignment: "__proto__" is a key like any other.
      Object.defineProperty(found, key, {
        value: this.value([...path, key], start),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } while (this.take(","));
    if (!this.take("}")) throw this.wrong(gettext("A comma or a closing brace has to stand here."));
    return found;
  }

  private array(path: string[]): Json[] {
    this.place += 1;
    const found: Json[] = [];
    if (this.take("]")) return found;
    do {
      this.space();
      found.push(this.value([...path, String(found.length)], this.place));
    } while (this.take(","));
    if (!this.take("]")) throw this.wrong(gettext("A comma or a closing bracket has to stand here."));
    return found;
  }
}

/** Reads a text of JSON. */
export function readJson(text: string): Read {
  const reader = new Reader(text);
  try {
    return { value: reader.document(), fault: null, places: reader.places };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { value: undefined, fault: { at: error.at, message: error.message }, places: reader.places };
  }
}

/** Where a place stands in the text, or the nearest part above it that is there. */
export function spanOf(places: Read["places"], place: string): [number, number] | null {
  let found = place;
  for (;;) {
    const span = places.get(found);
    if (span && found) return span;
    if (!found) return span ? [span[0], Math.min(span[0] + 1, span[1])] : null;
    found = found.includes("/") ? found.slice(0, found.lastIndexOf("/")) : "";
  }
}

/** The line and column of a place in a text, both from 1. */
export function lineAndColumn(text: string, at: number): [line: number, column: number] {
  const before = text.slice(0, at);
  return [before.split("\n").length, at - before.lastIndexOf("\n")];
}
