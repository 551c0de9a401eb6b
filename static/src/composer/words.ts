/** Operations in words, for the person who has to choose between theirs and ours. */
import { gettext } from "../common/gettext.ts";
import type { Operation, TwinDocument } from "./document.ts";

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
        value: operation.value === null ? gettext("nothing") : String(operation.value),
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
  }
}

/** `ASSET/SIGNAL` with the asset's name in place of its id. */
export function signalName(place: string, document: TwinDocument): string {
  const [asset = "", signal = ""] = place.split("/");
  return `${document.assets[asset]?.name ?? asset} ${signal}`;
}
