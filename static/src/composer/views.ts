/** The document as React Flow draws it; what has not changed keeps its object, so that it is not drawn again. */
import { Position as Side, type Edge, type Node } from "@xyflow/react";
import type { AssetType, Types } from "./catalogue.ts";
import type { Asset, Finding, TwinDocument } from "./document.ts";
import { findingsByAsset } from "./find.ts";
import { heightOf, placedPorts, WIDTH } from "./geometry.ts";

export type AssetView = Node<{ asset: Asset; type: AssetType | undefined; errors: number; hints: number }, "asset">;
export type LinkView = Edge<{ kind: string }, "link">;

const HANDLE = 12;

function freshNode(id: string, asset: Asset, type: AssetType | undefined, findings: Finding[]): AssetView {
  const height = heightOf(type);
  const hints = findings.filter((finding) => finding.severity === "hint").length;
  return {
    id,
    type: "asset",
    position: { x: asset.at[0], y: asset.at[1] },
    data: { asset, type, errors: findings.length - hints, hints },
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

/** The assets of a document as nodes; those in `select` selected, or when it is null those that were. */
export function nodesOf(
  document: TwinDocument,
  types: Types,
  findings: Finding[],
  previous: AssetView[],
  select: ReadonlySet<string> | null,
): AssetView[] {
  const before = new Map(previous.map((node) => [node.id, node]));
  const byAsset = findingsByAsset(findings, document);
  return Object.entries(document.assets).map(([id, asset]) => {
    const known = before.get(id);
    const fresh = freshNode(id, asset, types.get(asset.type), byAsset.get(id) ?? NONE);
    const selected = select ? select.has(id) : (known?.selected ?? false);
    if (known && isSame(known, fresh) && (known.selected ?? false) === selected) return known;
    return { ...fresh, selected };
  });
}

/** The links of a document as edges. */
export function edgesOf(document: TwinDocument, previous: LinkView[]): LinkView[] {
  const before = new Map(previous.map((edge) => [edge.id, edge]));
  return Object.entries(document.links).map(([id, link]) => {
    const known = before.get(id);
    const [source, sourceHandle] = link.from;
    const [target, targetHandle] = link.to;
    if (
      known?.source === source &&
      known.target === target &&
      known.sourceHandle === sourceHandle &&
      known.targetHandle === targetHandle
    )
      return known;
    return {
      id,
      type: "link",
      source,
      sourceHandle,
      target,
      targetHandle,
      data: { kind: link.kind },
      selected: known?.selected ?? false,
    };
  });
}
