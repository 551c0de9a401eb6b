/** Finding assets by what one knows of them. */
import type { Asset, Finding, TwinDocument } from "./document.ts";

interface Clues {
  words: string[];
  invalid: boolean;
  unlinked: boolean;
}

function read(query: string): Clues {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return {
    words: words.filter((word) => !word.startsWith("is:")),
    invalid: words.includes("is:invalid"),
    unlinked: words.includes("is:unlinked"),
  };
}

/** The asset that a finding is about, by its id; empty when it is about none. */
export function assetOfFinding(finding: Finding, document: TwinDocument): string {
  const [section, id = ""] = finding.place.split("/");
  if (section === "links") return document.links[id]?.from[0] ?? "";
  return (section === "assets" || section === "bindings") && document.assets[id] ? id : "";
}

/** The findings of each asset. */
export function findingsByAsset(findings: Finding[], document: TwinDocument): Map<string, Finding[]> {
  const byAsset = new Map<string, Finding[]>();
  for (const finding of findings) {
    const id = assetOfFinding(finding, document);
    if (id) byAsset.set(id, [...(byAsset.get(id) ?? []), finding]);
  }
  return byAsset;
}

function textOf(asset: Asset): string {
  return [asset.name, asset.type, ...Object.entries(asset.properties).map(([key, value]) => `${key}=${value}`)]
    .join(" ")
    .toLocaleLowerCase();
}

/**
 * The ids of the assets that fit: every word in the name, type or properties; `is:invalid` with a finding,
 * `is:unlinked` without a link. Nothing typed finds nothing.
 */
export function find(document: TwinDocument, findings: Finding[], query: string): string[] {
  const { words, invalid, unlinked } = read(query);
  if (words.length === 0 && !invalid && !unlinked) return [];
  const wrong = invalid ? findingsByAsset(findings, document) : new Map<string, Finding[]>();
  const linked = new Set(Object.values(document.links).flatMap((link) => [link.from[0], link.to[0]]));
  return Object.entries(document.assets)
    .filter(([id]) => (!invalid || wrong.has(id)) && (!unlinked || !linked.has(id)))
    .filter(([, asset]) => words.every((word) => textOf(asset).includes(word)))
    .map(([id]) => id);
}
