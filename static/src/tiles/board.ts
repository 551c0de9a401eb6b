/** Many tiles on one connection: readings in, drawn ten times a second at most, and only those in sight. */
import { RefusedError, UnreachableError } from "../common/api.ts";
import { onTheme } from "../common/theme.ts";
import { load, type SignalHistory } from "../history/data.ts";
import type { Values } from "../live/fleet.ts";
import { Pace } from "./pace.ts";
import { KEPT_S } from "./recent.ts";
import type { Tile } from "./tile.ts";

const AT_ONCE = 50;
const POINTS = 200;

export class Board {
  private readonly tiles = new Map<string, Tile[]>();
  private readonly byElement = new Map<Element, Tile>();
  private readonly api: string;
  private readonly pace = new Pace<Tile>((changed) => {
    const now = Date.now();
    for (const tile of changed) if (tile.inSight) tile.show(now);
  });
  private readonly unwatched = onTheme(() => {
    for (const tile of this.byElement.values()) tile.recolour();
  });
  private readonly sight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const tile = this.byElement.get(entry.target);
      if (!tile) continue;
      tile.inSight = entry.isIntersecting;
      if (tile.inSight) this.pace.touch(tile);
    }
  });
  private readonly sizes = new ResizeObserver((entries) => {
    for (const entry of entries) {
      const tile = this.byElement.get(entry.target);
      tile?.resize(entry.contentRect.width);
      if (tile?.inSight) this.pace.touch(tile);
    }
  });

  /** `api`: below which `history/` is. */
  constructor(api: string) {
    this.api = api;
  }

  add(tile: Tile): void {
    const { place } = tile.signal;
    this.tiles.set(place, [...(this.tiles.get(place) ?? []), tile]);
    this.byElement.set(tile.element, tile);
    this.sight.observe(tile.element);
    this.sizes.observe(tile.element);
  }

  drop(tile: Tile): void {
    const { place } = tile.signal;
    this.tiles.set(
      place,
      (this.tiles.get(place) ?? []).filter((other) => other !== tile),
    );
    if (!this.tiles.get(place)?.length) this.tiles.delete(place);
    this.byElement.delete(tile.element);
    this.sight.unobserve(tile.element);
    this.sizes.unobserve(tile.element);
  }

  /** It is used no more. */
  close(): void {
    this.unwatched();
    this.sight.disconnect();
    this.sizes.disconnect();
    this.tiles.clear();
    this.byElement.clear();
  }

  take(values: Values): void {
    for (const [asset, signals] of Object.entries(values)) {
      for (const [key, [at, value, quality]] of Object.entries(signals)) {
        for (const tile of this.tiles.get(`${asset}/${key}`) ?? []) {
          if (tile.recent.take(at, value, quality)) this.pace.touch(tile);
        }
      }
    }
  }

  /** Ages go on by themselves. */
  tick(): void {
    for (const tile of this.byElement.values()) if (tile.inSight) this.pace.touch(tile);
  }

  /** The last minutes of each, which the lines begin with. */
  async loadPast(now = Date.now()): Promise<void> {
    const places = [...this.tiles.keys()];
    for (let first = 0; first < places.length; first += AT_ONCE) {
      const some = places.slice(first, first + AT_ONCE);
      try {
        const answer = await load(this.api, some, [now - KEPT_S * 1000, now], POINTS, new AbortController().signal);
        for (const history of answer.signals) this.begin(history);
      } catch (error) {
        if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
      }
    }
  }

  private begin({ asset, key, columns }: SignalHistory): void {
    const times = (columns.at ?? columns.start ?? []).map((at) => at / 1e6);
    const values = (columns.value ?? columns.avg ?? []).map((value) => value ?? NaN);
    for (const tile of this.tiles.get(`${asset}/${key}`) ?? []) {
      tile.recent.before(times, values);
      this.pace.touch(tile);
    }
  }
}
