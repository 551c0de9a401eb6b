/** The document as React Flow draws it; what has not changed keeps its object, so that it is not drawn again. */
import { Position as Side, type Edge, type Node } from "@xyflow/react";
import type { AssetType, Types } from "../model/catalogue.ts";
import type { Asset, Finding, Position, TwinDocument } from "../model/document.ts";
import { findingsByAsset } from "../finding/find.ts";
import { heightOf, placedPorts, WIDTH } from "../model/geometry.ts";
import { hidingGroup, linesOf, type Line } from "../model/groups.ts";
import { isSamePart, partsDrawn, type PartView } from "./parts.ts";

export type AssetView = Node<{ asset: Asset; type: AssetType | undefined; errors: number; hints: number }, "asset">;
/** Everything that can be drawn, selected and moved. */
export type CanvasNode = AssetView | PartView;
/** A line: `links` are those that it stands for, several where it leads into a collapsed group. */
export type LinkView = Edge<{ kind: string; links: string[] }, "link">;

const HANDLE = 12;

function freshNode(id: string, asset: Asset, type: AssetType | undefined, findings: Finding[]): AssetView {
  const height = heightOf(type);
  return {
    id,
    type: "asset",
    position: { x: asset.at[0], y: asset.at[1] },
    data: { asset, type, ...countsOf(findings) },
    // Sizes and ports are known beforehand, so that links to assets out of sight can be drawn without measuring them.
    width: WIDTH,
    height,
    measured: { width: WIDTH, height },
    handles: placedPorts(type).map((port) => ({
      id: port.name,
      type: "source",
      position: port.side === "left" ? Side.Left : Side.Right,
      x: (port.side === "left" ? 0 : WIDTH) - HANDLE / 2,
      y: port.y - HANDLE / 2,
      width: HANDLE,
      height: HANDLE,
    })),
  };
}

function isSame(one: AssetView, other: AssetView): boolean {
  return (
    one.data.asset === other.data.asset &&
    one.data.type === other.data.type &&
    one.data.errors === other.data.errors &&
    one.data.hints === other.data.hints &&
    (one.dragging === true || (one.position.x === other.position.x && one.position.y === other.position.y))
  );
}

const NONE: Finding[] = [];
const NOTHING_WRONG = { errors: 0, hints: 0 };

function countsOf(findings: Finding[]): { errors: number; hints: number } {
  if (findings.length === 0) return NOTHING_WRONG;
  const hints = findings.filter((finding) => finding.severity === "hint").length;
  return { errors: findings.length - hints, hints };
}

function isDrawnAs(known: CanvasNode, fresh: CanvasNode): boolean {
  if (known.type === "asset" || fresh.type === "asset")
    return known.type === "asset" && fresh.type === "asset" && isSame(known, fresh);
  return isSamePart(known, fresh);
}

/**
 * What a document holds as nodes; those in `select` selected, or when it is null those that were. What lies in a
 * collapsed group is not among them, so that a twin of thousands costs no more than what is open of it.
 */
export function nodesOf(
  document: TwinDocument,
  types: Types,
  findings: Finding[],
  previous: CanvasNode[],
  select: ReadonlySet<string> | null,
): CanvasNode[] {
  const before = new Map(previous.map((node) => [node.id, node]));
  const byAsset = findingsByAsset(findings, document);
  const kept = (fresh: CanvasNode): CanvasNode => {
    const known = before.get(fresh.id);
    const selected = select ? select.has(fresh.id) : (known?.selected ?? false);
    if (known && isDrawnAs(known, fresh) && (known.selected ?? false) === selected) return known;
    return { ...fresh, selected };
  };
  const parts = partsDrawn(
    document,
    (id) => heightOf(types.get(document.assets[id]?.type ?? "")),
    (id) => (byAsset.size > 0 ? countsOf(byAsset.get(id) ?? NONE) : NOTHING_WRONG),
  );
  const assets = Object.entries(document.assets)
    .filter(([id]) => hidingGroup(document, id) === null)
    .map(([id, asset]) => freshNode(id, asset, types.get(asset.type), byAsset.get(id) ?? NONE));
  return [...parts, ...assets].map(kept);
}

function isSameLine({ source, sourceHandle, target, targetHandle, data }: LinkView, line: Line): boolean {
  return (
    source === line.source &&
    sourceHandle === line.sourceHandle &&
    target === line.target &&
    targetHandle === line.targetHandle &&
    data?.kind === line.kind &&
    data.links.length === line.links.length &&
    data.links.every((link, index) => link === line.links[index])
  );
}

/** The links of a document as edges. */
export function edgesOf(document: TwinDocument, previous: LinkView[]): LinkView[] {
  const before = new Map(previous.map((edge) => [edge.id, edge]));
  return linesOf(document).map((line) => {
    const { id } = line;
    const known = before.get(id);
    if (known && isSameLine(known, line)) return known;
    const { source, sourceHandle, target, targetHandle, kind, links } = line;
    return {
      id,
      type: "link",
      source,
      sourceHandle,
      target,
      targetHandle,
      data: { kind, links },
      selected: known?.selected ?? false,
    };
  });
}

/** Where a group lies by the document, by the id under which it is drawn. */
export function originOf(nodes: readonly CanvasNode[]): (id: string) => Position | undefined {
  return (id) => {
    const node = nodes.find((each) => each.id === id);
    return node?.type === "group" || node?.type === "frame" ? [node.data.left, node.data.top] : undefined;
  };
}
