/** Parts of a twin as JSON on the clipboard: what is copied, what may be pasted, and the operations that paste it. */
import { gettext } from "../../common/gettext.ts";
import type { Asset, Binding, Group, Link, Note, Operation, Position, TwinDocument } from "../model/document.ts";
import { assetsAmong, groupsAmong, notesAmong } from "../canvas/selection.ts";

/** What the clipboard holds: parts with their ids in the twin that they come from. */
export interface Parts {
  outturn: "twin-parts";
  version: 1;
  /** The twin that they come from. */
  twin: string;
  /** Whether they were taken away there; only then their bindings come along. */
  cut: boolean;
  assets: Record<string, Asset>;
  links: Record<string, Link>;
  groups: Record<string, Group>;
  notes: Record<string, Note>;
  bindings: Record<string, Binding>;
}

/** More letters than this are not pasted. */
export const MOST_LETTERS = 1_000_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KEY = /^[a-z][a-z0-9_]{0,63}$/;
const TYPE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*@[1-9][0-9]{0,8}$/;
const DIGEST = /^[0-9a-f]{64}$/;

function pick<Part>(section: Record<string, Part>, wanted: (key: string, part: Part) => boolean): Record<string, Part> {
  return Object.fromEntries(Object.entries(section).filter(([key, part]) => wanted(key, part)));
}

/** What is drawn under these ids, with the links between its assets; null when nothing of it can be copied. */
export function partsOf(document: TwinDocument, ids: Iterable<string>, cut: boolean): Parts | null {
  const chosen = [...ids];
  const assets = new Set(assetsAmong(document, chosen));
  const notes = new Set(notesAmong(document, chosen));
  if (assets.size + notes.size === 0) return null;
  const groups = wholeGroups(document, assets, groupsAmong(document, chosen));
  return {
    outturn: "twin-parts",
    version: 1,
    twin: typeof document.twin === "string" ? document.twin : "",
    cut,
    assets: Object.fromEntries(
      Object.entries(pick(document.assets, (id) => assets.has(id))).map(([id, asset]) => [
        id,
        inside(asset, assets, groups),
      ]),
    ),
    links: pick(document.links, (_id, { from, to }) => assets.has(from[0]) && assets.has(to[0])),
    groups: pick(document.groups, (key) => groups.has(key)),
    notes: pick(document.notes, (id) => notes.has(id)),
    bindings: cut ? pick(document.bindings, (place) => assets.has(place.split("/")[0] ?? "")) : {},
  };
}

/** The groups that were chosen, or of which every asset was. */
function wholeGroups(document: TwinDocument, assets: ReadonlySet<string>, chosen: string[]): Set<string> {
  const broken = new Set(Object.entries(document.assets).flatMap(([id, { group }]) => (assets.has(id) ? [] : [group])));
  const touched = [...assets].map((id) => document.assets[id]?.group).filter((key): key is string => key != null);
  return new Set([...chosen, ...touched.filter((key) => key in document.groups && !broken.has(key))]);
}

/** The asset without what it has outside of the copy. */
function inside(asset: Asset, assets: ReadonlySet<string>, groups: ReadonlySet<string>): Asset {
  const { group, part_of, ...rest } = asset;
  return {
    ...rest,
    ...(group != null && groups.has(group) ? { group } : {}),
    ...(part_of && assets.has(part_of[0]) ? { part_of } : {}),
  };
}

type Unknown = Record<string, unknown>;

const isRecord = (value: unknown): value is Unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown, longest: number, least = 1): value is string =>
  typeof value === "string" && value.length >= least && value.length <= longest;
const fits = (value: unknown, pattern: RegExp): value is string => typeof value === "string" && pattern.test(value);
const isMissing = (value: unknown): boolean => value === undefined || value === null;
const isPair = (value: unknown, least: number, most: number): value is Position =>
  Array.isArray(value) &&
  value.length === 2 &&
  value.every((each) => Number.isInteger(each) && Number(each) >= least && Number(each) <= most);
const isPlace = (value: unknown): value is Position => isPair(value, -1_000_000, 1_000_000);
const isEnd = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && fits(value[0], UUID) && fits(value[1], KEY);

function isAsset(value: unknown): value is Asset {
  return (
    isRecord(value) &&
    fits(value.type, TYPE) &&
    isText(value.name, 200) &&
    isPlace(value.at) &&
    isRecord(value.properties) &&
    Object.keys(value.properties).every((key) => KEY.test(key)) &&
    (isMissing(value.group) || fits(value.group, KEY)) &&
    (isMissing(value.part_of) || isEnd(value.part_of))
  );
}

const isLink = (value: unknown): value is Link =>
  isRecord(value) && isEnd(value.from) && isEnd(value.to) && fits(value.kind, KEY);
const isGroup = (value: unknown): value is Group => isRecord(value) && isText(value.name, 200);
const isNote = (value: unknown): value is Note =>
  isRecord(value) &&
  isPlace(value.at) &&
  (isMissing(value.text) || isText(value.text, 2000, 0)) &&
  (isMissing(value.size) || isPair(value.size, 16, 10_000)) &&
  (isMissing(value.image) || fits(value.image, DIGEST));
const isBinding = (value: unknown): value is Binding =>
  isRecord(value) && fits(value.gateway, UUID) && isText(value.key, 256);

function isSection(value: unknown, key: RegExp, part: (each: unknown) => boolean): boolean {
  return isRecord(value) && Object.entries(value).every(([name, each]) => key.test(name) && part(each));
}

const PLACE = /^[0-9a-f-]{36}\/[a-z][a-z0-9_]{0,63}$/;

function isParts(value: unknown): value is Parts {
  return (
    isRecord(value) &&
    value.outturn === "twin-parts" &&
    value.version === 1 &&
    isSection(value.assets, UUID, isAsset) &&
    isSection(value.links, UUID, isLink) &&
    isSection(value.groups, KEY, isGroup) &&
    isSection(value.notes, UUID, isNote) &&
    isSection(value.bindings, PLACE, isBinding)
  );
}

/** The parts that a text from the clipboard holds, or what is wrong with it in a sentence. */
export function readParts(text: string): Parts | string {
  if (text.length > MOST_LETTERS)
    return gettext(
      "That is too much to paste: {count} letters, at most {most}. Nothing was pasted; copy fewer assets.",
      {
        count: text.length,
        most: MOST_LETTERS,
      },
    );
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // What is no JSON is none of ours either.
  }
  if (isParts(value)) return value;
  return gettext("The clipboard holds nothing of a twin. Copy assets on a canvas first; nothing was pasted.");
}

/** The middle of where the parts lie, as far as their places say it. */
function middleOf(parts: Parts): Position {
  const places = [...Object.values(parts.assets), ...Object.values(parts.notes)].map(({ at }) => at);
  const middle = (axis: 0 | 1): number => {
    const all = places.map((at) => at[axis]);
    return (Math.min(...all) + Math.max(...all)) / 2;
  };
  return [middle(0), middle(1)];
}

/** The step that brings the middle of the parts to a place, in whole steps of the grid. */
export function stepTo(parts: Parts, [x, y]: Position, grid: number): Position {
  const [left, top] = middleOf(parts);
  return [Math.round((x - left) / grid) * grid, Math.round((y - top) / grid) * grid];
}

export interface Pasting {
  /** How far everything goes from where it was. */
  by: Position;
  newId: () => string;
  newGroup: () => string;
}

/** What a paste does, and what is selected after it. */
export interface Pasted {
  operations: Operation[];
  assets: string[];
  notes: string[];
}

/**
 * Everything is given ids of its own, but for what was cut here and is no longer here: that is the same thing moved, and
 * keeps what is known of it. A key that is read already is not read twice.
 */
export function pasting(document: TwinDocument, parts: Parts, { by, newId, newGroup }: Pasting): Pasted {
  const moved =
    parts.cut &&
    parts.twin !== "" &&
    parts.twin === document.twin &&
    ![...Object.keys(parts.assets), ...Object.keys(parts.notes)].some(
      (id) => id in document.assets || id in document.notes,
    );
  const renewed = (ids: string[], make: () => string): Map<string, string> =>
    new Map(ids.map((id) => [id, moved ? id : make()]));
  const assets = renewed(Object.keys(parts.assets), newId);
  const notes = renewed(Object.keys(parts.notes), newId);
  const groups = new Map(Object.keys(parts.groups).map((key) => [key, newGroup()]));
  const shifted = ([x, y]: Position): Position => [x + by[0], y + by[1]];
  const nameFor = namesFor(document);
  const known = (ids: Map<string, string>, id: string): string => ids.get(id) ?? id;
  return {
    operations: [
      ...Object.entries(parts.groups).map(([key, { name, collapsed = false }]): Operation => ({
        op: "add_group",
        group: known(groups, key),
        name,
        collapsed,
      })),
      ...wholesFirst(parts.assets).map(([id, asset]): Operation => ({
        op: "add_asset",
        asset: known(assets, id),
        ...copyOf(asset, assets, groups),
        name: nameFor(asset.name),
        at: shifted(asset.at),
      })),
      ...Object.values(parts.links).flatMap(({ from, to, kind }): Operation[] => {
        const [one, other] = [assets.get(from[0]), assets.get(to[0])];
        return one && other ? [{ op: "link", link: newId(), from: [one, from[1]], to: [other, to[1]], kind }] : [];
      }),
      ...Object.entries(parts.notes).map(([id, { text = "", at, size = null, image = null }]): Operation => ({
        op: "add_note",
        note: known(notes, id),
        text,
        at: shifted(at),
        size,
        image,
      })),
      ...bindingsOf(document, parts, assets),
    ],
    assets: [...assets.values()],
    notes: [...notes.values()],
  };
}

/** Names that are not taken yet: the number at the end of a name that is counts on. */
function namesFor(document: TwinDocument): (name: string) => string {
  const taken = new Set(Object.values(document.assets).map(({ name }) => name));
  return (name) => {
    const [, stem = name, digits = ""] = /^(.*?)(\d{0,9})$/s.exec(name) ?? [];
    let number = Number(digits || 1);
    let free = name;
    while (taken.has(free)) {
      number += 1;
      const next = `${digits ? stem : `${name} `}${String(number).padStart(digits.length, "0")}`;
      free = next.slice(-200);
    }
    taken.add(free);
    return free;
  };
}

/** Assets in an order in which none is a component of one that comes after it. */
function wholesFirst(assets: Record<string, Asset>): [string, Asset][] {
  const depth = (id: string, seen: ReadonlySet<string>): number => {
    const whole = assets[id]?.part_of?.[0];
    return whole && whole in assets && !seen.has(whole) ? 1 + depth(whole, new Set([...seen, whole])) : 0;
  };
  return Object.entries(assets)
    .map(([id, asset]): [number, [string, Asset]] => [depth(id, new Set([id])), [id, asset]])
    .sort(([one], [other]) => one - other)
    .map(([, entry]) => entry);
}

function copyOf(asset: Asset, assets: Map<string, string>, groups: Map<string, string>): Asset {
  const { type, name, at, properties, group, part_of } = asset;
  const [newGroup, whole] = [groups.get(group ?? ""), assets.get(part_of?.[0] ?? "")];
  return {
    type,
    name,
    at,
    properties,
    ...(newGroup ? { group: newGroup } : {}),
    ...(whole && part_of ? { part_of: [whole, part_of[1]] } : {}),
  };
}

function bindingsOf(document: TwinDocument, parts: Parts, assets: Map<string, string>): Operation[] {
  if (!parts.cut) return [];
  const read = new Set(Object.values(document.bindings).map(({ gateway, key }) => `${gateway} ${key}`));
  return Object.entries(parts.bindings).flatMap(([place, binding]): Operation[] => {
    const [asset = "", signal = ""] = place.split("/");
    const id = assets.get(asset);
    if (!id || read.has(`${binding.gateway} ${binding.key}`)) return [];
    return [{ op: "bind", place: `${id}/${signal}`, ...binding }];
  });
}
