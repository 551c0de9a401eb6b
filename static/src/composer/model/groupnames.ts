/** Groups by what people call them. */
import { gettext } from "../../common/gettext.ts";
import { uuid7 } from "../../common/uuid7.ts";
import type { Operation, TwinDocument } from "./document.ts";
import { groupKey, left } from "./groups.ts";

/** The groups to choose from, by key with their names, in the order of the names. */
export function groupChoices(document: TwinDocument, language: string): [string, string][] {
  return Object.entries(document.groups)
    .map(([key, group]): [string, string] => [key, group.name])
    .sort((one, other) => one[1].localeCompare(other[1], language, { numeric: true }));
}

/** The key of the group that is called like this, or that has this key. */
export function groupNamed(document: TwinDocument, name: string): string | undefined {
  const wanted = name.toLocaleLowerCase();
  const found = Object.entries(document.groups).find(([, group]) => group.name.toLocaleLowerCase() === wanted);
  return found?.[0] ?? (document.groups[name] ? name : undefined);
}

/** The operations that put assets into the group of a name, made when there is none; an empty name takes them out. */
export function groupingOf(document: TwinDocument, assets: readonly string[], name: string): Operation[] {
  const known = name ? groupNamed(document, name) : null;
  const group = known === undefined ? groupKey(uuid7()) : known;
  const moving = assets.filter((id) => (document.assets[id]?.group ?? null) !== group);
  return [
    ...(known === undefined && group !== null ? [{ op: "add_group", group, name } as const] : []),
    ...moving.map((asset): Operation => ({ op: "set_group", asset, group })),
    ...left(document, new Set(moving)),
  ];
}

/** Why a text cannot be the name of a group; empty when it can. */
export function wrongGroupName(name: string): string {
  return name.length > 200 ? gettext("At most {limit} letters.", { limit: 200 }) : "";
}
