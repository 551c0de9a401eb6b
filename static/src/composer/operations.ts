/** Applying operations to a document, and finding those that undo them. All of it pure: a document is never changed. */
import { placeOf, type Asset, type Operation, type TwinDocument } from "./document.ts";

/** The operation speaks of something that is not there, or adds what is there already. */
export class InapplicableError extends Error {
  readonly operation: Operation;

  constructor(operation: Operation) {
    super(`${operation.op} does not fit at ${placeOf(operation)}`);
    this.operation = operation;
  }
}

function without<Value>(
  section: Record<string, Value>,
  gone: (key: string, value: Value) => boolean,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(section).filter(([key, value]) => !gone(key, value)));
}

function touches(asset: string): (key: string, link: TwinDocument["links"][string]) => boolean {
  return (_key, link) => link.from[0] === asset || link.to[0] === asset;
}

function assetOf(document: TwinDocument, operation: Operation & { asset: string }): Asset {
  const asset = document.assets[operation.asset];
  if (!asset) throw new InapplicableError(operation);
  return asset;
}

function withAsset(document: TwinDocument, id: string, asset: Asset): TwinDocument {
  return { ...document, assets: { ...document.assets, [id]: asset } };
}

function setProperty(document: TwinDocument, operation: Operation & { op: "set_property" }): TwinDocument {
  const asset = assetOf(document, operation);
  const { [operation.property]: before, ...others } = asset.properties;
  if (operation.value === null && before === undefined) throw new InapplicableError(operation);
  const properties = operation.value === null ? others : { ...asset.properties, [operation.property]: operation.value };
  return withAsset(document, operation.asset, { ...asset, properties });
}

function removeAsset(document: TwinDocument, operation: Operation & { op: "remove_asset" }): TwinDocument {
  assetOf(document, operation);
  return {
    ...document,
    assets: without(document.assets, (key) => key === operation.asset),
    links: without(document.links, touches(operation.asset)),
    bindings: without(document.bindings, (place) => place.startsWith(`${operation.asset}/`)),
  };
}

function addLink(document: TwinDocument, operation: Operation & { op: "link" }): TwinDocument {
  const { op: _op, link, ...fields } = operation;
  const ends = [operation.from, operation.to];
  if (document.links[link] || ends.some(([asset]) => !document.assets[asset])) throw new InapplicableError(operation);
  return { ...document, links: { ...document.links, [link]: fields } };
}

function bind(document: TwinDocument, operation: Operation & { op: "bind" }): TwinDocument {
  const { op: _op, place, ...fields } = operation;
  if (!document.assets[place.split("/")[0] ?? ""]) throw new InapplicableError(operation);
  return { ...document, bindings: { ...document.bindings, [place]: fields } };
}

function addAsset(document: TwinDocument, operation: Operation & { op: "add_asset" }): TwinDocument {
  const { op: _op, asset, ...fields } = operation;
  if (document.assets[asset]) throw new InapplicableError(operation);
  return withAsset(document, asset, fields);
}

type Section = "links" | "bindings";

function take(document: TwinDocument, section: Section, key: string, operation: Operation): TwinDocument {
  if (!document[section][key]) throw new InapplicableError(operation);
  return { ...document, [section]: without<unknown>(document[section], (each) => each === key) };
}

const APPLY: {
  [Name in Operation["op"]]: (document: TwinDocument, operation: Operation & { op: Name }) => TwinDocument;
} = {
  add_asset: addAsset,
  move: (document, operation) =>
    withAsset(document, operation.asset, { ...assetOf(document, operation), at: operation.at }),
  rename: (document, operation) =>
    withAsset(document, operation.asset, { ...assetOf(document, operation), name: operation.name }),
  set_property: setProperty,
  remove_asset: removeAsset,
  link: addLink,
  unlink: (document, operation) => take(document, "links", operation.link, operation),
  bind,
  unbind: (document, operation) => take(document, "bindings", operation.place, operation),
  rename_twin: (document, operation) => ({ ...document, name: operation.name }),
};

/** The document after one operation. @throws InapplicableError */
export function apply(document: TwinDocument, operation: Operation): TwinDocument {
  const run = APPLY[operation.op] as (document: TwinDocument, operation: Operation) => TwinDocument;
  return run(document, operation);
}

/** The document after the operations that fit it, in their order, with those that fit. */
export function applyFitting(document: TwinDocument, operations: readonly Operation[]): [TwinDocument, Operation[]] {
  const fitting: Operation[] = [];
  for (const operation of operations) {
    try {
      document = apply(document, operation);
      fitting.push(operation);
    } catch (error) {
      if (!(error instanceof InapplicableError)) throw error;
    }
  }
  return [document, fitting];
}

function restoring(document: TwinDocument, id: string, asset: Asset): Operation[] {
  const links = Object.entries(document.links).filter(([key, link]) => touches(id)(key, link));
  const bindings = Object.entries(document.bindings).filter(([place]) => place.startsWith(`${id}/`));
  return [
    { op: "add_asset", asset: id, ...asset },
    ...links.map(([link, fields]): Operation => ({ op: "link", link, ...fields })),
    ...bindings.map(([place, fields]): Operation => ({ op: "bind", place, ...fields })),
  ];
}

function undoingEdit(document: TwinDocument, operation: Operation & { asset: string }): Operation[] {
  const id = operation.asset;
  const asset = assetOf(document, operation);
  switch (operation.op) {
    case "move":
      return [{ op: "move", asset: id, at: asset.at }];
    case "rename":
      return [{ op: "rename", asset: id, name: asset.name }];
    case "set_property":
      return [
        {
          op: "set_property",
          asset: id,
          property: operation.property,
          value: asset.properties[operation.property] ?? null,
        },
      ];
    default:
      return restoring(document, id, asset);
  }
}

function undoing(document: TwinDocument, operation: Operation): Operation[] {
  switch (operation.op) {
    case "add_asset":
      return [{ op: "remove_asset", asset: operation.asset }];
    case "link":
      return [{ op: "unlink", link: operation.link }];
    case "rename_twin":
      return [{ op: "rename_twin", name: document.name }];
    case "unlink": {
      const link = document.links[operation.link];
      return link ? [{ op: "link", link: operation.link, ...link }] : [];
    }
    case "bind":
    case "unbind": {
      const binding = document.bindings[operation.place];
      if (binding) return [{ op: "bind", place: operation.place, ...binding }];
      return operation.op === "bind" ? [{ op: "unbind", place: operation.place }] : [];
    }
    default:
      return undoingEdit(document, operation);
  }
}

/** The operations that lead from the document after `operations` back to the one before them. @throws InapplicableError */
export function inverse(document: TwinDocument, operations: readonly Operation[]): Operation[] {
  const back: Operation[][] = [];
  for (const operation of operations) {
    back.unshift(undoing(document, operation));
    document = apply(document, operation);
  }
  return back.flat();
}

const REPLACED = new Set<Operation["op"]>(["move", "rename", "rename_twin"]);

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
