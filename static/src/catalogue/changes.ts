/** What is different between two documents, place by place, and how two changes of one come together. */
import { edited, isObject, same, SECTIONS, valueAt, type Json, type Path, type TypeDocument } from "./document.ts";

export interface Change {
  /** `["signals", "flow", "range"]`; an element that is new or gone is one change. */
  path: Path;
  before: Json | undefined;
  after: Json | undefined;
}

const KEYED = new Set<string>(SECTIONS);

function keysOf(one: Json | undefined, other: Json | undefined): string[] {
  return [...new Set([...Object.keys(isObject(one) ? one : {}), ...Object.keys(isObject(other) ? other : {})])];
}

/** Every difference, in the order of the documents. Within an element it is told field by field. */
export function changes(before: TypeDocument, after: TypeDocument): Change[] {
  return keysOf(before, after).flatMap((key) => {
    const [one, other] = [before[key], after[key]];
    return KEYED.has(key) ? inSection(key, one, other) : told([key], one, other);
  });
}

function told(path: Path, before: Json | undefined, after: Json | undefined): Change[] {
  return same(before, after) ? [] : [{ path, before, after }];
}

function inSection(section: string, one: Json | undefined, other: Json | undefined): Change[] {
  return keysOf(one, other).flatMap((key) => {
    const [before, after] = [valueAt(one, [key]), valueAt(other, [key])];
    if (!isObject(before) || !isObject(after)) return told([section, key], before, after);
    return keysOf(before, after).flatMap((field) => told([section, key, field], before[field], after[field]));
  });
}

/** A place that two people changed to different things. */
export interface Clash {
  path: Path;
  base: Json | undefined;
  theirs: Json | undefined;
  mine: Json | undefined;
}

const overlap = (one: Path, other: Path): boolean =>
  one.every((step, index) => index >= other.length || other[index] === step);

/** Where both changed the same; what only one of them changed is none. */
export function clashes(base: TypeDocument, theirs: TypeDocument, mine: TypeDocument): Clash[] {
  const their = changes(base, theirs);
  const found = changes(base, mine).flatMap(({ path }) => {
    const other = their.find((each) => overlap(each.path, path));
    if (!other) return [];
    const shared = other.path.length < path.length ? other.path : path;
    const [one, two] = [valueAt(theirs, shared), valueAt(mine, shared)];
    return same(one, two) ? [] : [{ path: shared, base: valueAt(base, shared), theirs: one, mine: two }];
  });
  const seen = new Set<string>();
  return found.filter(({ path }) => {
    const place = path.join("/");
    if (seen.has(place)) return false;
    seen.add(place);
    return true;
  });
}

/** Theirs with all that was changed here on top, but for places where theirs was chosen. */
export function merged(
  base: TypeDocument,
  theirs: TypeDocument,
  mine: TypeDocument,
  keepTheirs: ReadonlySet<string> = new Set(),
): TypeDocument {
  return changes(base, mine).reduce((document, { path, after }) => {
    const isTheirs = path.some((_, index) => keepTheirs.has(path.slice(0, index + 1).join("/")));
    return isTheirs ? document : edited(document, path, after);
  }, theirs);
}
