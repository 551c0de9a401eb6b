/** Applying operations to a document, and finding those that undo them. The document that is given is never changed. */
import { placeOf, type Asset, type Operation, type TwinDocument } from "./document.ts";

/** The operation speaks of something that is not there, or adds what is there already. */
export class InapplicableError extends Error {
  readonly operation: Operation;

  constructor(operation: Operation) {
    super(`${operation.op} does not fit at ${placeOf(operation)}`);
    this.operation = operation;
  }
}

type Section = "assets" | "links" | "bindings" | "groups" | "notes";
type Part<Name extends Section> = TwinDocument[Name][string];

/** A part without what stands at its default, as the server keeps it. */
function lean<Fields extends object>(part: Fields): Fields {
  const said = Object.entries(part).filter(([, value]) => value != null && value !== false && value !== "");
  return Object.fromEntries(said) as Fields;
}

/** A document that is edited in place: a section is copied when it is first written to, a part when it changes. */
class Sketch {
  document: TwinDocument;
  private readonly own = new Set<Section>();

  constructor(document: TwinDocument) {
    this.document = { ...document };
  }

  part<Name extends Section>(section: Name, key: string): Part<Name> | undefined {
    return this.document[section][key] as Part<Name> | undefined;
  }

  there<Name extends Section>(section: Name, key: string, operation: Operation): Part<Name> {
    const part = this.part(section, key);
    if (!part) throw new InapplicableError(operation);
    return part;
  }

  put<Name extends Section>(section: Name, key: string, part: Part<Name>): void {
    this.writable(section)[key] = lean(part);
  }

  add<Name extends Section>(section: Name, key: string, part: Part<Name>, operation: Operation): void {
    if (this.part(section, key)) throw new InapplicableError(operation);
    this.put(section, key, part);
  }

  edit<Name extends Section>(section: Name, key: string, fields: Partial<Part<Name>>, operation: Operation): void {
    this.put(section, key, { ...this.there(section, key, operation), ...fields });
  }

  take(section: Section, key: string, operation: Operation): void {
    this.there(section, key, operation);
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a section is a dictionary by key
    delete this.writable(section)[key];
  }

  private writable<Name extends Section>(section: Name): Record<string, Part<Name>> {
    if (!this.own.has(section)) {
      this.own.add(section);
      this.document[section] = { ...this.document[section] };
    }
    return this.document[section] as Record<string, Part<Name>>;
  }
}

type Of<Name extends Operation["op"]> = Operation & { op: Name };

function linksOf(document: TwinDocument, asset: string): [string, Part<"links">][] {
  return Object.entries(document.links).filter(([, link]) => link.from[0] === asset || link.to[0] === asset);
}

function bindingsOf(document: TwinDocument, asset: string): [string, Part<"bindings">][] {
  return Object.entries(document.bindings).filter(([place]) => place.startsWith(`${asset}/`));
}

function setProperty(sketch: Sketch, operation: Of<"set_property">): void {
  const { properties } = sketch.there("assets", operation.asset, operation);
  const { [operation.property]: before, ...others } = properties;
  if (operation.value === null && before === undefined) throw new InapplicableError(operation);
  const now = operation.value === null ? others : { ...properties, [operation.property]: operation.value };
  sketch.edit("assets", operation.asset, { properties: now }, operation);
}

function removeAsset(sketch: Sketch, operation: Of<"remove_asset">): void {
  const { document } = sketch;
  sketch.there("assets", operation.asset, operation);
  for (const [link] of linksOf(document, operation.asset)) sketch.take("links", link, operation);
  for (const [place] of bindingsOf(document, operation.asset)) sketch.take("bindings", place, operation);
  sketch.take("assets", operation.asset, operation);
}

function addLink(sketch: Sketch, operation: Of<"link">): void {
  const { op: _op, link, ...fields } = operation;
  for (const [asset] of [operation.from, operation.to]) sketch.there("assets", asset, operation);
  if (operation.from.join("/") === operation.to.join("/")) throw new InapplicableError(operation);
  sketch.add("links", link, fields, operation);
}

function attach(sketch: Sketch, operation: Of<"attach">): void {
  const whole = operation.part_of?.[0];
  if (whole !== undefined) sketch.there("assets", whole, operation);
  if (whole === operation.asset) throw new InapplicableError(operation);
  sketch.edit("assets", operation.asset, { part_of: operation.part_of }, operation);
}

const APPLY: { [Name in Operation["op"]]: (sketch: Sketch, operation: Of<Name>) => void } = {
  add_asset: (sketch, operation) => {
    const { op: _op, asset, ...fields } = operation;
    // As others' edits come, what stands at its default is left out of them.
    sketch.add("assets", asset, { ...fields, properties: (fields as Partial<Asset>).properties ?? {} }, operation);
  },
  move: (sketch, operation) => {
    sketch.edit("assets", operation.asset, { at: operation.at }, operation);
  },
  rename: (sketch, operation) => {
    sketch.edit("assets", operation.asset, { name: operation.name }, operation);
  },
  set_type: (sketch, operation) => {
    sketch.edit("assets", operation.asset, { type: operation.type }, operation);
  },
  set_group: (sketch, operation) => {
    if (operation.group !== null) sketch.there("groups", operation.group, operation);
    sketch.edit("assets", operation.asset, { group: operation.group }, operation);
  },
  attach,
  set_property: setProperty,
  remove_asset: removeAsset,
  link: addLink,
  set_kind: (sketch, operation) => {
    sketch.edit("links", operation.link, { kind: operation.kind }, operation);
  },
  unlink: (sketch, operation) => {
    sketch.take("links", operation.link, operation);
  },
  bind: (sketch, operation) => {
    const { op: _op, place, ...fields } = operation;
    sketch.there("assets", place.split("/")[0] ?? "", operation);
    sketch.put("bindings", place, fields);
  },
  unbind: (sketch, operation) => {
    sketch.take("bindings", operation.place, operation);
  },
  add_group: (sketch, operation) => {
    const { op: _op, group, ...fields } = operation;
    sketch.add("groups", group, fields, operation);
  },
  rename_group: (sketch, operation) => {
    sketch.edit("groups", operation.group, { name: operation.name }, operation);
  },
  collapse: (sketch, operation) => {
    sketch.edit("groups", operation.group, { collapsed: operation.collapsed }, operation);
  },
  remove_group: (sketch, operation) => {
    sketch.take("groups", operation.group, operation);
  },
  add_note: (sketch, operation) => {
    const { op: _op, note, ...fields } = operation;
    sketch.add("notes", note, fields, operation);
  },
  edit_note: (sketch, operation) => {
    sketch.edit("notes", operation.note, { text: operation.text }, operation);
  },
  move_note: (sketch, operation) => {
    sketch.edit("notes", operation.note, { at: operation.at }, operation);
  },
  resize_note: (sketch, operation) => {
    sketch.edit("notes", operation.note, { size: operation.size }, operation);
  },
  remove_note: (sketch, operation) => {
    sketch.take("notes", operation.note, operation);
  },
  rename_twin: (sketch, operation) => {
    sketch.document.name = operation.name;
  },
};

function perform(sketch: Sketch, operation: Operation): void {
  (APPLY[operation.op] as (sketch: Sketch, operation: Operation) => void)(sketch, operation);
}

/** The document after one operation. @throws InapplicableError */
export function apply(document: TwinDocument, operation: Operation): TwinDocument {
  const sketch = new Sketch(document);
  perform(sketch, operation);
  return sketch.document;
}

/** The document after the operations that fit it, in their order, with those that fit. */
export function applyFitting(document: TwinDocument, operations: readonly Operation[]): [TwinDocument, Operation[]] {
  const sketch = new Sketch(document);
  const fitting = operations.filter((operation) => {
    try {
      perform(sketch, operation);
      return true;
    } catch (error) {
      if (error instanceof InapplicableError) return false;
      throw error;
    }
  });
  return [sketch.document, fitting];
}

const UNDO: { [Name in Operation["op"]]: (before: Sketch, operation: Of<Name>) => Operation[] } = {
  add_asset: (_before, { asset }) => [{ op: "remove_asset", asset }],
  move: (before, operation) => [{ ...operation, at: before.there("assets", operation.asset, operation).at }],
  rename: (before, operation) => [{ ...operation, name: before.there("assets", operation.asset, operation).name }],
  set_type: (before, operation) => [{ ...operation, type: before.there("assets", operation.asset, operation).type }],
  set_group: (before, operation) => [
    { ...operation, group: before.there("assets", operation.asset, operation).group ?? null },
  ],
  attach: (before, operation) => [
    { ...operation, part_of: before.there("assets", operation.asset, operation).part_of ?? null },
  ],
  set_property: (before, operation) => [
    {
      ...operation,
      value: before.there("assets", operation.asset, operation).properties[operation.property] ?? null,
    },
  ],
  remove_asset: (before, operation) => {
    const { asset } = operation;
    return [
      { op: "add_asset", asset, ...before.there("assets", asset, operation) },
      ...linksOf(before.document, asset).map(([link, fields]): Operation => ({ op: "link", link, ...fields })),
      ...bindingsOf(before.document, asset).map(([place, fields]): Operation => ({ op: "bind", place, ...fields })),
    ];
  },
  link: (_before, { link }) => [{ op: "unlink", link }],
  set_kind: (before, operation) => [{ ...operation, kind: before.there("links", operation.link, operation).kind }],
  unlink: (before, operation) => [
    { op: "link", link: operation.link, ...before.there("links", operation.link, operation) },
  ],
  bind: (before, { place }) => {
    const binding = before.part("bindings", place);
    return [binding ? { op: "bind", place, ...binding } : { op: "unbind", place }];
  },
  unbind: (before, operation) => [
    { op: "bind", place: operation.place, ...before.there("bindings", operation.place, operation) },
  ],
  add_group: (_before, { group }) => [{ op: "remove_group", group }],
  rename_group: (before, operation) => [
    { ...operation, name: before.there("groups", operation.group, operation).name },
  ],
  collapse: (before, operation) => [
    { ...operation, collapsed: before.there("groups", operation.group, operation).collapsed ?? false },
  ],
  remove_group: (before, operation) => [
    { op: "add_group", group: operation.group, ...before.there("groups", operation.group, operation) },
  ],
  add_note: (_before, { note }) => [{ op: "remove_note", note }],
  edit_note: (before, operation) => [
    { ...operation, text: before.there("notes", operation.note, operation).text ?? "" },
  ],
  move_note: (before, operation) => [{ ...operation, at: before.there("notes", operation.note, operation).at }],
  resize_note: (before, operation) => [
    { ...operation, size: before.there("notes", operation.note, operation).size ?? null },
  ],
  remove_note: (before, operation) => [
    { op: "add_note", note: operation.note, ...before.there("notes", operation.note, operation) },
  ],
  rename_twin: (before, operation) => [{ ...operation, name: before.document.name }],
};

/** The operations that lead from the document after `operations` back to the one before them. @throws InapplicableError */
export function inverse(document: TwinDocument, operations: readonly Operation[]): Operation[] {
  const sketch = new Sketch(document);
  const back = operations.map((operation) => {
    const undoing = (UNDO[operation.op] as (before: Sketch, operation: Operation) => Operation[])(sketch, operation);
    perform(sketch, operation);
    return undoing;
  });
  return back.reverse().flat();
}

const REPLACED = new Set<Operation["op"]>([
  "move",
  "rename",
  "rename_twin",
  "rename_group",
  "collapse",
  "edit_note",
  "move_note",
  "resize_note",
]);

/** The operations without those that a later one makes needless: only the last place and the last name count. */
export function compact(operations: readonly Operation[]): Operation[] {
  const last = new Map<string, Operation>();
  for (const operation of operations) if (REPLACED.has(operation.op)) last.set(placeOf(operation), operation);
  return operations.filter((operation) => !REPLACED.has(operation.op) || last.get(placeOf(operation)) === operation);
}

/** `next` with every part that is equal to the same part of `previous` taken from there, so that it need not be drawn again. */
export function share<Part>(previous: unknown, next: Part): Part {
  if (Object.is(previous, next) || !isBranch(previous) || !isBranch(next)) return next;
  if (Array.isArray(previous) !== Array.isArray(next)) return next;
  const keys = Object.keys(next);
  let same = keys.length === Object.keys(previous).length;
  const shared = keys.map((key): [string, unknown] => {
    const part = share(previous[key], next[key]);
    same &&= Object.is(part, previous[key]);
    return [key, part];
  });
  if (same) return previous as Part;
  return (Array.isArray(next) ? shared.map(([, part]) => part) : Object.fromEntries(shared)) as Part;
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
