/** What differs between two documents of a twin, as the API tells it: narrowed, grouped and put into words. */
import { gettext } from "../common/gettext.ts";
import { symbol } from "../common/units.ts";

export type Kind = "added" | "removed" | "changed" | "moved";
export type Subject = "twin" | "asset" | "link" | "binding" | "group" | "note";

export interface FieldChange {
  /** `name`, `type`, `at`, `properties/rated_flow`, `signals/flow`… */
  name: string;
  before: unknown;
  after: unknown;
  unit: string;
}

export interface Change {
  kind: Kind;
  subject: Subject;
  key: string;
  name: string;
  type: string;
  /** The assets that it is, or that it joins. */
  assets: string[];
  fields: FieldChange[];
  /** Who edited it since the last publication, where that is known. */
  authors: string[];
  /** The newest revision that touched it, 0 where that is not known. */
  revision: number;
}

export type Counts = Record<Kind, number>;

export const KINDS: readonly Kind[] = ["added", "removed", "changed", "moved"];
export const SUBJECTS: readonly Subject[] = ["asset", "link", "binding", "group", "note", "twin"];

export const ICON: Record<Kind, string> = {
  added: "plus",
  removed: "minus",
  changed: "pencil",
  moved: "arrows-move",
};

export function kindWord(kind: Kind): string {
  return {
    added: gettext("Added"),
    removed: gettext("Removed"),
    changed: gettext("Changed"),
    moved: gettext("Moved"),
  }[kind];
}

export function subjectWord(subject: Subject): string {
  return {
    asset: gettext("Assets"),
    link: gettext("Links"),
    binding: gettext("Bindings"),
    group: gettext("Groups"),
    note: gettext("Notes"),
    twin: gettext("The twin"),
  }[subject];
}

export interface Filters {
  /** No kind means all. */
  kinds: ReadonlySet<Kind>;
  /** No subject means all. */
  subjects: ReadonlySet<Subject>;
  words: string;
}

export const NO_FILTER: Filters = { kinds: new Set(), subjects: new Set(), words: "" };

const isMoved = (change: Change): boolean => change.fields.some((field) => field.name === "at");

function isOfKind(change: Change, kinds: ReadonlySet<Kind>): boolean {
  return kinds.size === 0 || kinds.has(change.kind) || (kinds.has("moved") && isMoved(change));
}

/** The changes that filters leave, in their order. Each word must be in the name, the type or a field. */
export function narrowed(changes: readonly Change[], filters: Filters): Change[] {
  const words = filters.words.toLowerCase().split(/\s+/).filter(Boolean);
  return changes.filter((change) => {
    if (!isOfKind(change, filters.kinds)) return false;
    if (filters.subjects.size > 0 && !filters.subjects.has(change.subject)) return false;
    const text = [change.name, change.type, ...change.fields.map((field) => field.name)].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** What people call a field. */
export function fieldWord(name: string): string {
  const known: Record<string, string> = {
    name: gettext("name"),
    type: gettext("type"),
    at: gettext("place"),
    group: gettext("group"),
    part_of: gettext("part of"),
    from: gettext("from"),
    to: gettext("to"),
    kind: gettext("kind"),
    gateway: gettext("gateway"),
    key: gettext("key"),
    scale: gettext("scale"),
    offset: gettext("offset"),
    expression: gettext("expression"),
    unit: gettext("unit"),
    collapsed: gettext("collapsed"),
    text: gettext("text"),
    size: gettext("size"),
    image: gettext("image"),
  };
  return known[name] ?? name.replace(/^(properties|signals)\//, "").replaceAll("_", " ");
}

/** A value as people read it; nothing where there is none. */
export function valueWord(value: unknown, unit = ""): string {
  if (value === null || value === undefined) return "";
  if (value === true) return gettext("yes");
  if (value === false) return gettext("no");
  if (Array.isArray(value)) return value.map((each) => valueWord(each)).join(", ");
  const text = typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
  return unit ? `${text} ${symbol(unit)}` : text;
}

/** Changes by who made them, in the order in which they come; several who made one together are told together. */
export function byAuthors(changes: readonly Change[]): Map<string, Change[]> {
  const found = new Map<string, Change[]>();
  for (const change of changes) {
    const who = change.authors.join(", ");
    found.set(who, [...(found.get(who) ?? []), change]);
  }
  return found;
}

/** Whether somebody else than the person had a hand in a change. */
export function byOther(change: Change, me: string): boolean {
  return change.authors.some((author) => author !== me);
}
