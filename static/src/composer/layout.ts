/** Tidying: lays assets out along their links, and leaves alone those that a person has placed. */
import { graphlib, layout } from "@dagrejs/dagre";
import { heightOf, snapped, WIDTH } from "./geometry.ts";
import type { Types } from "./catalogue.ts";
import type { Operation, Position, TwinDocument } from "./document.ts";

const GAP: Position = [100, 40];

interface Box {
  at: Position;
  height: number;
}

function alongLinks(document: TwinDocument, ids: string[], height: (id: string) => number): Map<string, Position> {
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", ranksep: GAP[0], nodesep: GAP[1] });
  for (const id of ids) graph.setNode(id, { width: WIDTH, height: height(id) });
  for (const [id, link] of Object.entries(document.links)) {
    if (graph.hasNode(link.from[0]) && graph.hasNode(link.to[0])) graph.setEdge(link.from[0], link.to[0], {}, id);
  }
  layout(graph);
  return new Map(
    ids.map((id) => {
      const { x, y } = graph.node(id) as { x: number; y: number };
      return [id, [x - WIDTH / 2, y - height(id) / 2]];
    }),
  );
}

function inGrid(ids: string[], top: number, rowHeight: number): Map<string, Position> {
  // Wider than high, as screens are.
  const columns = Math.max(1, Math.round(Math.sqrt(ids.length * 1.6 * (rowHeight / WIDTH))));
  return new Map(
    ids.map((id, index) => [
      id,
      [(index % columns) * (WIDTH + GAP[1]), top + Math.floor(index / columns) * (rowHeight + GAP[1])],
    ]),
  );
}

function wishes(document: TwinDocument, height: (id: string) => number): Map<string, Position> {
  const linked = new Set(Object.values(document.links).flatMap((link) => [link.from[0], link.to[0]]));
  const ids = Object.keys(document.assets);
  const connected = ids.filter((id) => linked.has(id));
  const places = connected.length ? alongLinks(document, connected, height) : new Map<string, Position>();
  const bottom = Math.max(0, ...connected.map((id) => (places.get(id)?.[1] ?? 0) + height(id) + 2 * GAP[1]));
  const alone = ids.filter((id) => !linked.has(id));
  return new Map([...places, ...inGrid(alone, bottom, Math.max(0, ...alone.map(height)))]);
}

/** How far the wished places have to be shifted so that they lie, on average, where the kept assets lie. */
function shift(document: TwinDocument, wished: Map<string, Position>, anchors: string[]): Position {
  const sum: Position = [0, 0];
  for (const id of anchors) {
    const [x, y] = document.assets[id]?.at ?? [0, 0];
    const [wishedX, wishedY] = wished.get(id) ?? [0, 0];
    sum[0] += x - wishedX;
    sum[1] += y - wishedY;
  }
  return [sum[0] / anchors.length, sum[1] / anchors.length];
}

function collides(one: Box, other: Box): boolean {
  return (
    Math.abs(one.at[0] - other.at[0]) < WIDTH + GAP[1] / 2 &&
    one.at[1] < other.at[1] + other.height + GAP[1] / 2 &&
    other.at[1] < one.at[1] + one.height + GAP[1] / 2
  );
}

function pushedFree(box: Box, taken: Box[]): Position {
  const moved = { ...box };
  for (let hit = taken.find((each) => collides(moved, each)); hit; hit = taken.find((each) => collides(moved, each))) {
    moved.at = snapped([moved.at[0], hit.at[1] + hit.height + GAP[1]]);
  }
  return moved.at;
}

/**
 * The moves that lay out all assets but those in `keep`, which stay where they are and are not covered. The layout is
 * made of all, so that what moves lies in order with what stays.
 */
export function tidy(document: TwinDocument, types: Types, keep: ReadonlySet<string>): Operation[] {
  const height = (id: string): number => heightOf(types.get(document.assets[id]?.type ?? ""));
  const wished = wishes(document, height);
  const kept = Object.entries(document.assets).filter(([id]) => keep.has(id));
  const [right, down] = kept.length
    ? shift(
        document,
        wished,
        kept.map(([id]) => id),
      )
    : [0, 0];
  const taken: Box[] = kept.map(([id, { at }]) => ({ at, height: height(id) }));
  return Object.entries(document.assets).flatMap(([id, { at: now }]): Operation[] => {
    if (keep.has(id)) return [];
    const [x, y] = wished.get(id) ?? now;
    const wish: Box = { at: snapped([x + right, y + down]), height: height(id) };
    // Without anything to keep clear of, the layout itself lets nothing cover anything.
    const at = kept.length ? pushedFree(wish, taken) : wish.at;
    if (kept.length) taken.push({ ...wish, at });
    return now[0] === at[0] && now[1] === at[1] ? [] : [{ op: "move", asset: id, at }];
  });
}
