/** Operations in words, for the person who has to choose between theirs and ours. */
import { gettext } from "../../common/gettext.ts";
import type { Operation, TwinDocument, Value } from "./document.ts";

/** What an operation does, as a sentence without its full stop. */
export function inWords(operation: Operation, document: TwinDocument): string {
  const name = (id: string): string => document.assets[id]?.name ?? gettext("an asset that is gone");
  switch (operation.op) {
    case "add_asset":
      return gettext("Add {name}", { name: operation.name });
    case "move":
      return gettext("Move {name}", { name: name(operation.asset) });
    case "rename":
      return gettext("Rename {name} to {new_name}", { name: name(operation.asset), new_name: operation.name });
    case "set_property":
      return gettext("Set {property} of {name} to {value}", {
        property: operation.property,
        name: name(operation.asset),
        value: operation.value === null ? gettext("nothing") : inText(operation.value),
      });
    case "remove_asset":
      return gettext("Remove {name}", { name: name(operation.asset) });
    case "link":
      return gettext("Link {name} to {other}", { name: name(operation.from[0]), other: name(operation.to[0]) });
    case "unlink":
      return gettext("Remove a link");
    case "bind":
      return gettext("Read {place} from {key}", { place: signalName(operation.place, document), key: operation.key });
    case "unbind":
      return gettext("Stop reading {place}", { place: signalName(operation.place, document) });
    case "rename_twin":
      return gettext("Rename the twin to {name}", { name: operation.name });
    default:
      return "asset" in operation ? ofAsset(operation, document) : ofGroupOrNote(operation, document);
  }
}

type Said = "add_asset" | "move" | "rename" | "set_property" | "remove_asset" | "link" | "unlink" | "bind" | "unbind";
type Unsaid = Exclude<Operation, { op: Said | "rename_twin" }>;

function ofAsset(operation: Extract<Unsaid, { asset: string }>, document: TwinDocument): string {
  const name = (id: string): string => document.assets[id]?.name ?? gettext("an asset that is gone");
  const values = { name: name(operation.asset) };
  switch (operation.op) {
    case "set_type":
      return gettext("Make {name} a {type}", { ...values, type: operation.type });
    case "set_group":
      return operation.group === null
        ? gettext("Take {name} out of its group", values)
        : gettext("Put {name} into {group}", { ...values, group: groupName(operation.group, document) });
    case "attach":
      return operation.part_of === null
        ? gettext("Make {name} a component of nothing", values)
        : gettext("Make {name} a component of {other}", { ...values, other: name(operation.part_of[0]) });
  }
}

function ofGroupOrNote(operation: Exclude<Unsaid, { asset: string }>, document: TwinDocument): string {
  switch (operation.op) {
    case "set_kind":
      return gettext("Make a link one that {kind}", { kind: operation.kind.replaceAll("_", " ") });
    case "add_group":
      return gettext("Add the group {name}", { name: operation.name });
    case "rename_group":
      return gettext("Rename {name} to {new_name}", {
        name: groupName(operation.group, document),
        new_name: operation.name,
      });
    case "collapse":
      return operation.collapsed
        ? gettext("Draw {name} as one box", { name: groupName(operation.group, document) })
        : gettext("Draw the assets of {name}", { name: groupName(operation.group, document) });
    case "remove_group":
      return gettext("Remove the group {name}", { name: groupName(operation.group, document) });
    case "add_note":
      return operation.image
        ? gettext("Add an image")
        : gettext("Add the note “{text}”", { text: operation.text ?? "" });
    case "edit_note":
      return gettext("Write “{text}” in a note", { text: operation.text });
    case "move_note":
      return gettext("Move a note");
    case "resize_note":
      return gettext("Change the size of a note");
    case "remove_note":
      return gettext("Remove a note");
  }
}

function groupName(key: string, document: TwinDocument): string {
  return document.groups[key]?.name ?? gettext("a group that is gone");
}

/** A value of a property as it can be read; a nested one as JSON. */
function inText(value: Value): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Where something was changed, as a heading. */
export function placeInWords(place: string, document: TwinDocument): string {
  const [section = "", id = "", ...field] = place.split("/");
  switch (section) {
    case "assets":
      return partInWords(document.assets[id]?.name ?? gettext("An asset that is gone"), field);
    case "groups":
      return partInWords(document.groups[id]?.name ?? gettext("A group that is gone"), field);
    case "notes":
      return partInWords(gettext("A note"), field);
    case "bindings":
      return gettext("What {signal} is read from", { signal: signalName([id, ...field].join("/"), document) });
    case "links":
      return linkInWords(id, document);
    default:
      return gettext("Name of the twin");
  }
}

function partInWords(name: string, [field = "", ...more]: string[]): string {
  switch (field) {
    case "at":
      return gettext("{name}: its place", { name });
    case "name":
      return gettext("{name}: its name", { name });
    case "type":
      return gettext("{name}: its type", { name });
    case "group":
      return gettext("{name}: its group", { name });
    case "properties":
      return `${name}: ${more.join("/").replaceAll("_", " ")}`;
    default:
      return name;
  }
}

function linkInWords(id: string, document: TwinDocument): string {
  const link = document.links[id];
  if (!link) return gettext("A link");
  const name = (asset: string): string => document.assets[asset]?.name ?? "?";
  return gettext("The link from {name} to {other}", { name: name(link.from[0]), other: name(link.to[0]) });
}

/** `ASSET/SIGNAL` with the asset's name in place of its id. */
export function signalName(place: string, document: TwinDocument): string {
  const [asset = "", signal = ""] = place.split("/");
  return `${document.assets[asset]?.name ?? asset} ${signal}`;
}
