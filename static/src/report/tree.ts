/** The tree of RFC 6962 and RFC 9162: that an entry is in a log, and that a log only grew. */
import { canonical, sha256, type Json } from "./canonical.ts";

/** What a log was at one moment: the number of its entries and the root of their tree. */
export interface Size {
  size: number;
  root: Uint8Array;
}

type Hash = Uint8Array<ArrayBuffer>;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** SHA-256(0x00 || canonical JSON of kind, digest and salt). */
export function leafHash(entry: { kind: Json; digest: Json; salt: Json }): Promise<Hash> {
  const { kind, digest, salt } = entry;
  return sha256(LEAF, new TextEncoder().encode(canonical({ kind, digest, salt })));
}

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Hash> {
  return sha256(NODE, left, right);
}

/** Whether an inclusion proof (RFC 9162, section 2.1.3) ties a leaf hash to a root. */
export async function included(leaf: Hash, index: number, head: Size, path: Hash[]): Promise<boolean> {
  const { turns } = way(index + 1, head.size, true);
  if (index >= head.size || turns.length !== path.length) return false;
  let value = leaf;
  for (const [at, sibling] of path.entries())
    value = await (turns[at] ? nodeHash(sibling, value) : nodeHash(value, sibling));
  return same(value, head.root);
}

/** Whether a consistency proof (RFC 9162, section 2.1.4) shows the old log to be the beginning of the new. */
export async function grown(old: Size, fresh: Size, path: Hash[]): Promise<boolean> {
  if (old.size === 0) return path.length === 0 && same(old.root, await sha256());
  if (old.size === fresh.size) return path.length === 0 && same(old.root, fresh.root);
  if (old.size > fresh.size) return false;
  const { turns, atLeftEdge } = way(old.size, fresh.size, false);
  const [first, ...siblings]: Uint8Array[] = atLeftEdge ? [old.root, ...path] : path;
  if (first === undefined || siblings.length !== turns.length) return false;
  return (
    same(await climbed(first, siblings, turns, false), old.root) &&
    same(await climbed(first, siblings, turns, true), fresh.root)
  );
}

/** The root that is reached from a node with its siblings; without those to the right it is that of the old log. */
async function climbed(
  from: Uint8Array,
  siblings: Uint8Array[],
  turns: boolean[],
  withRight: boolean,
): Promise<Uint8Array> {
  let value = from;
  for (const [at, sibling] of siblings.entries()) {
    if (turns[at]) value = await nodeHash(sibling, value);
    else if (withRight) value = await nodeHash(value, sibling);
  }
  return value;
}

/** Whether two hashes are equal. */
export function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/**
 * The turns (true: right), from below, on the way from the root to the last of the first `count` leaves.
 *
 * The way ends at that leaf, or at the first subtree that ends with it; then, whether it ends at the tree's left edge.
 */
function way(count: number, size: number, toLeaf: boolean): { turns: boolean[]; atLeftEdge: boolean } {
  const turns: boolean[] = [];
  let [start, end] = [0, size];
  while (end > count || (toLeaf && end - start > 1)) {
    let half = 1;
    while (half * 2 < end - start) half *= 2;
    const isRight = count > start + half;
    turns.push(isRight);
    [start, end] = isRight ? [start + half, end] : [start, start + half];
  }
  return { turns: turns.reverse(), atLeftEdge: start === 0 };
}
