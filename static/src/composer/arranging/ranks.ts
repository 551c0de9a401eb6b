/** Which column everything of a connected web lies in, so that all lines lead to the right and few lead far. */

/** A line between two boxes, by their numbers, and how far below their tops it leaves the one and meets the other. */
export interface Link {
  from: number;
  to: number;
  leaves: number;
  arrives: number;
}

interface Web {
  links: readonly Link[];
  /** By the number of a box: the lines that leave it, and those that lead to it. */
  out: Link[][];
  into: Link[][];
}

function webOf(count: number, links: readonly Link[]): Web {
  const [out, into] = [0, 1].map(() => Array.from({ length: count }, (): Link[] => [])) as [Link[][], Link[][]];
  for (const link of links) {
    out[link.from]?.push(link);
    into[link.to]?.push(link);
  }
  return { links, out, into };
}

/** The links with those turned round that would close a circle, beginning where nothing leads to. */
export function withoutCircles(count: number, links: readonly Link[]): Link[] {
  const { out, into } = webOf(count, links);
  const numbers = Array.from({ length: count }, (_, number) => number);
  const begun = new Uint8Array(count);
  const ended = new Uint8Array(count);
  const closing = new Set<Link>();
  const starts = [...numbers.filter((number) => !into[number]?.length), ...numbers];
  for (const start of starts) {
    const path = begun[start] ? [] : [{ number: start, next: 0 }];
    begun[start] = 1;
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const link = out[last.number]?.[last.next++];
      if (!link) {
        ended[last.number] = 1;
        path.pop();
      } else if (!begun[link.to]) {
        begun[link.to] = 1;
        path.push({ number: link.to, next: 0 });
      } else if (!ended[link.to]) closing.add(link);
    }
  }
  return links.map((link) =>
    closing.has(link) ? { from: link.to, to: link.from, leaves: link.arrives, arrives: link.leaves } : link,
  );
}

/** The boxes in such an order that every line leads to a later one. */
function alongFlow({ out, into }: Web): number[] {
  const waiting = into.map((links) => links.length);
  const order = waiting.flatMap((count, number) => (count === 0 ? [number] : []));
  // The order is walked while it grows.
  for (const number of order)
    for (const { to } of out[number] ?? []) {
      const left = (waiting[to] ?? 0) - 1;
      waiting[to] = left;
      if (left === 0) order.push(to);
    }
  return order;
}

/** How often everything is drawn nearer to what it is joined to; more changes next to nothing. */
const PULLS = 4;

/** Draws each box to the side where more lines lead, and where as many lead to both, to the side of this pass. */
function pull({ out, into }: Web, order: readonly number[], rank: number[], toRight: boolean): void {
  for (const number of toRight ? order.toReversed() : order) {
    const [outs, ins] = [out[number] ?? [], into[number] ?? []];
    const right = outs.length > ins.length || (outs.length === ins.length && toRight);
    if (right) rank[number] = outs.reduce((least, { to }) => Math.min(least, (rank[to] ?? 0) - 1), Infinity);
    else rank[number] = ins.reduce((most, { from }) => Math.max(most, (rank[from] ?? 0) + 1), -Infinity);
  }
}

/** A number for each box that those share which are held together by lines to the next column. */
function clustersOf({ links }: Web, rank: readonly number[]): number[] {
  const parent = rank.map((_, number) => number);
  const top = (number: number): number => {
    let at = number;
    for (let up = parent[at] ?? at; up !== at; up = parent[at] ?? at) {
      parent[at] = parent[up] ?? up;
      at = up;
    }
    return at;
  };
  for (const { from, to } of links) if ((rank[to] ?? 0) - (rank[from] ?? 0) === 1) parent[top(to)] = top(from);
  return rank.map((_, number) => top(number));
}

/** What lies on one side of a cluster: how many lines lead there, the least room along one of them, and to what. */
interface Side {
  lines: number;
  slack: number;
  others: Set<number>;
}

/** By the number of a cluster, its left and its right side. */
function sidesOf({ links }: Web, rank: readonly number[], cluster: readonly number[]): Map<number, [Side, Side]> {
  const side = (): Side => ({ lines: 0, slack: Infinity, others: new Set() });
  const sides = new Map(cluster.map((each): [number, [Side, Side]] => [each, [side(), side()]]));
  const add = (found: Side | undefined, other: number, slack: number) => {
    if (!found) return;
    found.lines += 1;
    found.slack = Math.min(found.slack, slack);
    found.others.add(other);
  };
  for (const { from, to } of links) {
    const [one, other] = [cluster[from] ?? 0, cluster[to] ?? 0];
    if (one === other) continue;
    const slack = (rank[to] ?? 0) - (rank[from] ?? 0) - 1;
    add(sides.get(one)?.[1], other, slack);
    add(sides.get(other)?.[0], one, slack);
  }
  return sides;
}

/** Draws clusters together, each as a whole to the side where more lines lead, until there is just one. */
function gather(web: Web, rank: number[]): void {
  for (;;) {
    const cluster = clustersOf(web, rank);
    const sides = sidesOf(web, rank, cluster);
    if (sides.size < 2) return;
    const steps = new Map<number, number>();
    const touched = new Set<number>();
    for (const [each, [left, right]] of sides) {
      if (touched.has(each)) continue;
      steps.set(each, right.lines >= left.lines ? right.slack : -left.slack);
      for (const other of [each, ...left.others, ...right.others]) touched.add(other);
    }
    cluster.forEach((each, number) => {
      rank[number] = (rank[number] ?? 0) + (steps.get(each) ?? 0);
    });
  }
}

/**
 * The column of each box, from 0 on. Every line leads to the right by at least one column.
 *
 * @param count How many boxes there are, all joined with each other through the links.
 * @param links Without circles.
 */
export function ranksOf(count: number, links: readonly Link[]): number[] {
  if (links.length === 0) return Array.from({ length: count }, () => 0);
  const web = webOf(count, links);
  const order = alongFlow(web);
  const rank = Array.from({ length: count }, () => 0);
  for (const number of order)
    for (const { from } of web.into[number] ?? []) rank[number] = Math.max(rank[number] ?? 0, (rank[from] ?? 0) + 1);
  for (let round = 0; round < 2; round += 1) {
    for (let turn = 0; turn < PULLS; turn += 1) pull(web, order, rank, turn % 2 === 0);
    gather(web, rank);
  }
  const first = rank.reduce((least, each) => Math.min(least, each), Infinity);
  return rank.map((each) => each - first);
}
