/** The signals of one asset as tiles above the table. */
import "../tiles/tiles.css";
import { icon } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { Board } from "../tiles/board.ts";
import { Tile } from "../tiles/tile.ts";
import type { Patience, Signal } from "./fleet.ts";
import type { Asset } from "./table.ts";

interface Known {
  api: string;
  assets: (Asset & { type: string })[];
  signals: Signal[];
  signals_of: Record<string, string[]>;
  stale_after: Record<string, Patience>;
}

/** The tiles of an asset, which are to be told of readings; nothing when there is no such asset. */
export function assetTiles(known: Known, id: string): { element: HTMLElement; board: Board } | null {
  const asset = known.assets.find((each) => each.id === id);
  if (!asset) return null;
  const board = new Board(known.api.replace(/\/$/, ""));
  const [element, head, close, grid] = [
    document.createElement("section"),
    document.createElement("div"),
    document.createElement("a"),
    document.createElement("div"),
  ];
  const title = document.createElement("h2");
  title.textContent = asset.name;
  title.id = "tiles-of";
  close.href = location.pathname;
  close.className = "btn btn-icon";
  close.setAttribute("aria-label", gettext("Close the tiles of {name}", { name: asset.name }));
  close.append(icon("x"));
  head.className = "live-head";
  head.append(title, close);
  element.setAttribute("aria-labelledby", "tiles-of");
  grid.className = "tiles";
  const keys = new Set(known.signals_of[asset.type] ?? []);
  for (const signal of known.signals.filter(({ key }) => keys.has(key))) {
    const patience = known.stale_after[asset.type]?.[signal.key];
    const tile = new Tile({ ...signal, place: `${id}/${signal.key}`, asset: asset.name, patience }, signal.name);
    board.add(tile);
    grid.append(tile.element);
  }
  element.append(head, grid);
  return { element, board };
}
