/** The draft of a twin as the API gives it, and the operations that edit it (docs/schemas/twin.schema.json). */

export type Position = [number, number];
export type Value = string | number | boolean;
/** An asset and one of its ports. */
export type End = [asset: string, port: string];

export interface Asset {
  type: string;
  name: string;
  at: Position;
  properties: Record<string, Value>;
  group?: string | null;
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
  unit?: string | null;
}

export interface TwinDocument {
  name: string;
  assets: Record<string, Asset>;
  links: Record<string, Link>;
  /** By `ASSET/SIGNAL`. */
  bindings: Record<string, Binding>;
  [more: string]: unknown;
}

export type Operation =
  | ({ op: "add_asset"; asset: string } & Asset)
  | { op: "move"; asset: string; at: Position }
  | { op: "rename"; asset: string; name: string }
  | { op: "set_property"; asset: string; property: string; value: Value | null }
  | { op: "remove_asset"; asset: string }
  | ({ op: "link"; link: string } & Link)
  | { op: "unlink"; link: string }
  | ({ op: "bind"; place: string } & Binding)
  | { op: "unbind"; place: string }
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
}

/** What an operation is about: operations on different places do not disturb each other. */
export function placeOf(operation: Operation): string {
  switch (operation.op) {
    case "rename_twin":
      return "name";
    case "link":
    case "unlink":
      return `links/${operation.link}`;
    case "bind":
    case "unbind":
      return `bindings/${operation.place}`;
    case "move":
      return `assets/${operation.asset}/at`;
    case "rename":
      return `assets/${operation.asset}/name`;
    case "set_property":
      return `assets/${operation.asset}/properties/${operation.property}`;
    default:
      return `assets/${operation.asset}`;
  }
}
