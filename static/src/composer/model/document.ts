/** The draft of a twin as the API gives it, and the operations that edit it (docs/schemas/twin.schema.json). */

export type Position = [number, number];
/** What a property holds; a nested one an array or an object. */
export type Value = string | number | boolean | Value[] | { [key: string]: Value };
/** An asset and one of its ports. */
export type End = [asset: string, port: string];

/** An asset and one of its components. */
export type Whole = [asset: string, component: string];

export interface Asset {
  type: string;
  name: string;
  at: Position;
  properties: Record<string, Value>;
  /** Key of the group it is drawn in. */
  group?: string | null;
  /** The asset that it is a component of, and which of its components. */
  part_of?: Whole | null;
}

export interface Link {
  from: End;
  to: End;
  kind: string;
}

export interface Binding {
  gateway: string;
  key: string;
  scale?: string | null;
  offset?: string | null;
  /** In place of scale and offset; calls what was sent `value`. */
  expression?: string | null;
  unit?: string | null;
}

/** Assets that are drawn together, or when it is collapsed as one box. */
export interface Group {
  name: string;
  collapsed?: boolean;
}

/** A text or an image on the canvas. */
export interface Note {
  at: Position;
  text?: string;
  /** Width and height; without them as much as the text needs. */
  size?: Position | null;
  /** The SHA-256 of an image. */
  image?: string | null;
}

export interface TwinDocument {
  name: string;
  assets: Record<string, Asset>;
  links: Record<string, Link>;
  /** By `ASSET/SIGNAL`. */
  bindings: Record<string, Binding>;
  groups: Record<string, Group>;
  notes: Record<string, Note>;
  [more: string]: unknown;
}

export type Operation =
  | ({ op: "add_asset"; asset: string } & Asset)
  | { op: "move"; asset: string; at: Position }
  | { op: "rename"; asset: string; name: string }
  | { op: "set_type"; asset: string; type: string }
  | { op: "set_group"; asset: string; group: string | null }
  | { op: "attach"; asset: string; part_of: Whole | null }
  | { op: "set_property"; asset: string; property: string; value: Value | null }
  | { op: "remove_asset"; asset: string }
  | ({ op: "link"; link: string } & Link)
  | { op: "set_kind"; link: string; kind: string }
  | { op: "unlink"; link: string }
  | ({ op: "bind"; place: string } & Binding)
  | { op: "unbind"; place: string }
  | ({ op: "add_group"; group: string } & Group)
  | { op: "rename_group"; group: string; name: string }
  | { op: "collapse"; group: string; collapsed: boolean }
  | { op: "remove_group"; group: string }
  | ({ op: "add_note"; note: string } & Note)
  | { op: "edit_note"; note: string; text: string }
  | { op: "move_note"; note: string; at: Position }
  | { op: "resize_note"; note: string; size: Position | null }
  | { op: "remove_note"; note: string }
  | { op: "rename_twin"; name: string };

/** What validation has to say; only an `error` keeps a draft from being published. */
export interface Finding {
  code: string;
  place: string;
  message: string;
  fix: string;
  severity?: "error" | "hint";
}

/** The draft with what the server knows of it. */
export interface Draft {
  twin: string;
  name: string;
  revision: number;
  published_version: number | null;
  document: TwinDocument;
  findings: Finding[];
  /** What the server knows these findings by. */
  findings_mark: string;
}

/** The field of a part that an operation writes; one that is not here writes the whole part. */
const FIELD: { [Name in Operation["op"]]?: string } = {
  move: "at",
  rename: "name",
  set_type: "type",
  set_group: "group",
  attach: "part_of",
  set_kind: "kind",
  rename_group: "name",
  collapse: "collapsed",
  edit_note: "text",
  move_note: "at",
  resize_note: "size",
};

/** The part that an operation is about. */
function partOf(operation: Exclude<Operation, { op: "rename_twin" }>): string {
  if ("asset" in operation) return `assets/${operation.asset}`;
  if ("link" in operation) return `links/${operation.link}`;
  if ("place" in operation) return `bindings/${operation.place}`;
  if ("note" in operation) return `notes/${operation.note}`;
  return `groups/${operation.group}`;
}

/** What an operation is about: operations on different places do not disturb each other. */
export function placeOf(operation: Operation): string {
  if (operation.op === "rename_twin") return "name";
  const field = operation.op === "set_property" ? `properties/${operation.property}` : FIELD[operation.op];
  return field ? `${partOf(operation)}/${field}` : partOf(operation);
}
