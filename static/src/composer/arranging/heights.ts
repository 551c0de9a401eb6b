/** How high in its column everything lies: lines run as straight as may be, and where they pass a column is room. */
import type { Lanes } from "./lanes.ts";
import type { Link } from "./ranks.ts";

/** A column's item: half its height with the room around it is what keeps it from its neighbours. */
interface Item {
  /** How high it is, without the room around it. */
  height: number;
  /** The room above it, and as much below it. */
  room: number;
  /** How far the middle of a lane lies along its line, from 0 to 1 of the way up or down. */
  share: number;
  /** How much its wish counts beside others'. */
  weight: number;
}

/** Between two boxes is twice this. */
const BESIDE = 20;
/** The room above and below a line that leads past a box, when there are no more such lines than boxes. */
const LANE = 10;
/** How much a line counts that is to be straight, beside one that need not be. */
const SPINE = 100;
const SWEEPS = 12;
/** In so many passes boxes go to where one of their lines is straight. */
const STRAIGHTENINGS = 6;

/** How far up or down a curved line is at a part of its way to the right: as the canvas draws it, level at both ends. */
function shareAt(way: number): number {
  // Its points are (1.5 t (1 - t) + t³, 3 t² - 2 t³) for t from 0 to 1; the first grows with t.
  let [low, high] = [0, 1];
  for (let step = 0; step < 12; step += 1) {
    const t = (low + high) / 2;
    if (1.5 * t * (1 - t) + t ** 3 < way) low = t;
    else high = t;
  }
  return 3 * low ** 2 - 2 * low ** 3;
}

function itemsOf({ before, ofLink }: Lanes, heights: readonly number[]): Item[] {
  const boxes = heights.map((height): Item => ({ height, room: BESIDE, share: 0, weight: 1 }));
  const room = LANE * Math.min(1, boxes.length / Math.max(1, before.length - boxes.length));
  const items = [...boxes];
  for (const lanes of ofLink.values())
    lanes.forEach((item, index) => {
      items[item] = { height: 0, room, share: shareAt((index + 1) / (lanes.length + 1)), weight: 4 };
    });
  return items;
}

/** Where the tops go so that nothing is too near to anything and the wishes are missed by least, in squares. */
function settle(column: readonly number[], items: readonly Item[], wishes: Float64Array, tops: Float64Array): void {
  const blocks: { items: number; weight: number; sum: number }[] = [];
  const offsets: number[] = [];
  let offset = 0;
  column.forEach((number, index) => {
    const { room = 0, weight = 1 } = items[number] ?? {};
    const above = items[column[index - 1] ?? -1];
    offset += above ? above.height + above.room + room : 0;
    offsets.push(offset);
    let block = { items: 1, weight, sum: weight * ((wishes[number] ?? 0) - offset) };
    // Those that wish to be higher than what lies above them go with it, to the middle of what all of them wish.
    for (let last = blocks.at(-1); last && last.sum * block.weight > block.sum * last.weight; last = blocks.at(-1)) {
      block = { items: last.items + block.items, weight: last.weight + block.weight, sum: last.sum + block.sum };
      blocks.pop();
    }
    blocks.push(block);
  });
  let index = 0;
  for (const block of blocks)
    for (let each = 0; each < block.items; each += 1, index += 1)
      tops[column[index] ?? 0] = block.sum / block.weight + (offsets[index] ?? 0);
}

interface Ends {
  into: Link[][];
  out: Link[][];
}

function endsOf(boxes: number, links: Iterable<Link>): Ends {
  const [into, out] = [0, 1].map(() => Array.from({ length: boxes }, (): Link[] => [])) as [Link[][], Link[][]];
  for (const link of links) {
    out[link.from]?.push(link);
    into[link.to]?.push(link);
  }
  return { into, out };
}

/** The lines that are to be straight before others: of each box the middle one on either side, and none crosses. */
function spinesOf({ columns, ofLink }: Lanes, { into }: Ends): ReadonlySet<Link> {
  const spines = new Set<Link>();
  const used = new Set<number>();
  const place: number[] = [];
  for (const column of columns) {
    let lowest = -1;
    for (const item of column) {
      const near = (into[item] ?? [])
        .map((link) => ({ link, at: place[ofLink.get(link)?.at(-1) ?? link.from] ?? 0 }))
        .sort((one, other) => one.at - other.at);
      const middle = (near.length - 1) / 2;
      const found = near
        .slice(Math.floor(middle), Math.ceil(middle) + 1)
        .find(({ link, at }) => at > lowest && !used.has(link.from));
      if (!found) continue;
      spines.add(found.link);
      used.add(found.link.from);
      lowest = found.at;
    }
    column.forEach((item, index) => {
      place[item] = index;
    });
  }
  return spines;
}

/** Where a box would lie if a line were straight, and how much that counts. */
interface Wish {
  top: number;
  weight: number;
}

class Heights {
  readonly tops: Float64Array;
  private readonly items: Item[];
  private readonly ends: Ends;
  private readonly spines: ReadonlySet<Link>;
  private readonly linkOf: Map<number, Link>;
  private readonly wishes: Float64Array;

  constructor(
    private readonly lanes: Lanes,
    heights: readonly number[],
  ) {
    this.items = itemsOf(lanes, heights);
    this.tops = new Float64Array(this.items.length);
    this.wishes = new Float64Array(this.items.length);
    this.ends = endsOf(heights.length, lanes.ofLink.keys());
    this.spines = spinesOf(lanes, this.ends);
    this.linkOf = new Map(
      [...lanes.ofLink].flatMap(([link, each]) => each.map((lane): [number, Link] => [lane, link])),
    );
    for (const column of lanes.columns) settle(column, this.items, this.wishes, this.tops);
  }

  /** One sweep through the columns, in which each box wishes to go to the middle of what it is joined to. */
  sweep(toRight: boolean, sides: Sides): void {
    for (const column of toRight ? this.lanes.columns : this.lanes.columns.toReversed()) {
      for (const item of column) this.wishes[item] = this.wishOf(item, sides);
      settle(column, this.items, this.wishes, this.tops);
    }
  }

  /** One sweep in which boxes go, one by one and as far as there is room, to where a line of theirs is straight. */
  straighten(toRight: boolean): void {
    for (const column of toRight ? this.lanes.columns : this.lanes.columns.toReversed())
      column.forEach((item, index) => {
        const [above = -1, below = -1] = [column[index - 1], column[index + 1]];
        if (item < this.ends.into.length) this.moveWithin(item, above, below);
      });
  }

  private moveWithin(item: number, above: number, below: number): void {
    const { items, tops } = this;
    const [own, over, under] = [items[item], items[above], items[below]];
    if (!own) return;
    const least = over ? (tops[above] ?? 0) + over.height + over.room + own.room : -Infinity;
    const most = under ? (tops[below] ?? 0) - under.room - own.room - own.height : Infinity;
    const now = tops[item] ?? 0;
    const wishes = this.straightOf(item, "both");
    const heaviest = wishes.filter(({ weight }) => weight === Math.max(...wishes.map((each) => each.weight)));
    const [nearest] = heaviest.sort((one, other) => Math.abs(one.top - now) - Math.abs(other.top - now));
    if (nearest && least <= most) tops[item] = Math.min(most, Math.max(least, nearest.top));
  }

  private wishOf(item: number, sides: Sides): number {
    const link = this.linkOf.get(item);
    if (link) {
      const [from, to] = [(this.tops[link.from] ?? 0) + link.leaves, (this.tops[link.to] ?? 0) + link.arrives];
      return from + (to - from) * (this.items[item]?.share ?? 0);
    }
    const wishes = this.straightOf(item, sides);
    if (wishes.length === 0) return this.tops[item] ?? 0;
    const weight = wishes.reduce((sum, each) => sum + each.weight, 0);
    return wishes.reduce((sum, each) => sum + each.top * each.weight, 0) / weight;
  }

  private straightOf(box: number, sides: Sides): Wish[] {
    const { tops, ends, spines } = this;
    const weight = (link: Link) => (spines.has(link) ? SPINE : 1);
    const left = (ends.into[box] ?? []).map((link): Wish => {
      return { top: (tops[link.from] ?? 0) + link.leaves - link.arrives, weight: weight(link) };
    });
    const right = (ends.out[box] ?? []).map((link): Wish => {
      return { top: (tops[link.to] ?? 0) + link.arrives - link.leaves, weight: weight(link) };
    });
    if (sides === "both") return [...left, ...right];
    return sides === "left" ? left : right;
  }
}

/** The sides on which a box looks at what it is joined to. */
type Sides = "left" | "right" | "both";

/**
 * How far down the top of each box is.
 *
 * @param heights How high each box is.
 */
export function topsOf(lanes: Lanes, heights: readonly number[]): Float64Array {
  const all = new Heights(lanes, heights);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const toRight = sweep % 2 === 0;
    all.sweep(toRight, sweep > SWEEPS / 2 ? "both" : toRight ? "left" : "right");
  }
  for (let sweep = 0; sweep < STRAIGHTENINGS; sweep += 1) all.straighten(sweep % 2 === 0);
  return all.tops.slice(0, heights.length);
}
