/**
 * Two people edit one twin: what of ours can be carried over to what the others made of it, and what cannot.
 *
 * The rules are those of the server (`twins/composer/domain/conflicts.py`): an operation writes a place and needs others
 * to be there; two made on the same document conflict when one writes what the other writes or needs.
 */
import { placeOf, type Operation, type TwinDocument } from "../model/document.ts";
import { apply, applyFitting, InapplicableError, inverse } from "../model/operations.ts";

/** One edit of a draft that the server has: `revision` is what it made of the draft. */
export interface Change {
  revision: number;
  author: string;
  made_at: string;
  operation: Operation;
}

/** A place that both sides changed. */
export interface Clash {
  place: string;
  mine: Operation[];
  /** What they did there; nothing when the place is simply not there any more. */
  theirs: Change[];
  /** What brings back what they took away, so that mine can be done. */
  restoring: Operation[];
}

export interface Rebased {
  /** Those of ours that are to be done on top of theirs; what both said in the same words is done already. */
  carried: Operation[];
  clashes: Clash[];
}

interface Touched {
  write: string;
  needs: string[];
}

const asset = (id: string | undefined): string => `assets/${id ?? ""}`;

function needsOf(operation: Operation, document: TwinDocument): string[] {
  switch (operation.op) {
    case "link":
      return [asset(operation.from[0]), asset(operation.to[0])];
    case "set_kind":
    case "unlink": {
      const link = document.links[operation.link];
      return link ? [asset(link.from[0]), asset(link.to[0])] : [];
    }
    case "bind":
    case "unbind":
      return [asset(operation.place.split("/")[0])];
    case "set_group":
      return operation.group === null ? [] : [`groups/${operation.group}`];
    case "attach":
      return operation.part_of === null ? [] : [asset(operation.part_of[0])];
    default:
      return [];
  }
}

/** What an operation touches; the document, as it is before, knows what a link to be taken away joins. */
export function touched(operation: Operation, document: TwinDocument): Touched {
  return { write: placeOf(operation), needs: needsOf(operation, document) };
}

/** The place itself and all that it lies in. */
function uppers(place: string): string[] {
  const parts = place.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function note(index: Map<string, number[]>, place: string, number: number): void {
  const known = index.get(place);
  if (known) known.push(number);
  else index.set(place, [number]);
}

/** What others have done, found by its places: one look a place, however much it was. */
class Since {
  private readonly written = new Map<string, number[]>();
  private readonly below = new Map<string, number[]>();
  private readonly needed = new Map<string, number[]>();

  add({ write, needs }: Touched, number: number): void {
    note(this.written, write, number);
    for (const upper of uppers(write)) note(this.below, upper, number);
    for (const need of needs) for (const upper of uppers(need)) note(this.needed, upper, number);
  }

  /** The numbers of those that conflict with one of ours, ascending. */
  meeting({ write, needs }: Touched): number[] {
    const found = new Set([...(this.below.get(write) ?? []), ...(this.needed.get(write) ?? [])]);
    for (const place of [write, ...needs])
      for (const upper of uppers(place)) for (const number of this.written.get(upper) ?? []) found.add(number);
    return [...found].sort((one, other) => one - other);
  }
}

function isSaid(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false && value !== "" && JSON.stringify(value) !== "{}";
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The operation as text that is the same however its fields are ordered and whatever stands at its default. */
function words(operation: Operation): string {
  const said = Object.entries(operation).filter(([key, value]) => key === "value" || isSaid(value));
  return JSON.stringify(Object.fromEntries(said), sorted);
}

/** The operations with the document that each of them was done on. */
function* walk(document: TwinDocument, operations: readonly Operation[]): Generator<[Operation, TwinDocument]> {
  for (const operation of operations) {
    yield [operation, document];
    try {
      document = apply(document, operation);
    } catch (error) {
      if (!(error instanceof InapplicableError)) throw error;
    }
  }
}

const TAKES_AWAY = new Set<Operation["op"]>(["remove_asset", "unlink", "unbind", "remove_group", "remove_note"]);

/** For each of theirs that takes something away, by its number: what brings that back. */
function bringingBack(base: TwinDocument, theirs: readonly Operation[], wanted: ReadonlySet<number>): Operation[][] {
  const back: Operation[][] = [];
  let number = 0;
  for (const [operation, before] of walk(base, theirs)) {
    back.push(wanted.has(number) && TAKES_AWAY.has(operation.op) ? undoing(before, operation) : []);
    number += 1;
  }
  return back;
}

function undoing(before: TwinDocument, operation: Operation): Operation[] {
  try {
    return inverse(before, [operation]);
  } catch (error) {
    if (error instanceof InapplicableError) return [];
    throw error;
  }
}

/** Carries our operations, made on a document, over to what others made of the same. */
export function rebase(base: TwinDocument, theirs: readonly Change[], mine: readonly Operation[]): Rebased {
  if (theirs.length === 0 || mine.length === 0) return { carried: [...mine], clashes: [] };
  const others = theirs.map((change) => change.operation);
  const since = new Since();
  let number = 0;
  for (const [operation, before] of walkForLinks(base, others)) since.add(touched(operation, before), number++);
  const carried: Operation[] = [];
  const met: [Operation, number[]][] = [];
  for (const [operation, before] of walkForLinks(base, mine)) {
    const numbers = since.meeting(touched(operation, before));
    const last = others[numbers.at(-1) ?? -1];
    if (last && words(last) === words(operation)) continue;
    carried.push(operation);
    if (numbers.length) met.push([operation, numbers]);
  }
  return { carried, clashes: clashesOf(base, theirs, met) };
}

/** As `walk`, but only links matter to what an operation touches: all else need not be done to be looked at. */
function* walkForLinks(base: TwinDocument, operations: readonly Operation[]): Generator<[Operation, TwinDocument]> {
  const links = { ...base.links };
  const document = { ...base, links };
  for (const operation of operations) {
    if (operation.op === "link") links[operation.link] ??= operation;
    yield [operation, document];
  }
}

function clashesOf(base: TwinDocument, theirs: readonly Change[], met: readonly [Operation, number[]][]): Clash[] {
  if (met.length === 0) return [];
  const all = new Set(met.flatMap(([, numbers]) => numbers));
  const back = bringingBack(
    base,
    theirs.map((change) => change.operation),
    all,
  );
  const found = new Map<string, { mine: Operation[]; numbers: Set<number> }>();
  for (const [operation, numbers] of met) {
    const place = placeOf(operation);
    const known = found.get(place) ?? { mine: [], numbers: new Set() };
    known.mine.push(operation);
    numbers.forEach((each) => known.numbers.add(each));
    found.set(place, known);
  }
  return [...found].map(([place, { mine, numbers }]) => {
    const inOrder = [...numbers].sort((one, other) => one - other);
    return {
      place,
      mine,
      theirs: inOrder.flatMap((each) => theirs[each] ?? []),
      restoring: inOrder.flatMap((each) => back[each] ?? []),
    };
  });
}

/** Those of ours that do not fit a document, as places to choose at: nothing is let go unsaid. */
export function misfits(document: TwinDocument, mine: readonly Operation[]): Clash[] {
  const fits = new Set(applyFitting(document, mine)[1]);
  return byPlace(mine.filter((operation) => !fits.has(operation)));
}

/** Operations of ours as places to choose at. */
export function byPlace(mine: readonly Operation[]): Clash[] {
  const found = new Map<string, Clash>();
  for (const operation of mine) {
    const place = placeOf(operation);
    const known = found.get(place) ?? { place, mine: [], theirs: [], restoring: [] };
    known.mine.push(operation);
    found.set(place, known);
  }
  return [...found.values()];
}

export type Choice = "mine" | "theirs";

/** Our operations after a choice at every place, as they are to be done on the document. */
export function settled(
  document: TwinDocument,
  mine: readonly Operation[],
  clashes: readonly Clash[],
  choices: ReadonlyMap<string, Choice>,
): Operation[] {
  const dropped = new Set(clashes.flatMap((clash) => (choices.get(clash.place) === "mine" ? [] : clash.mine)));
  const restoring = clashes.flatMap((clash) => (choices.get(clash.place) === "mine" ? clash.restoring : []));
  return applyFitting(document, [...restoring, ...mine.filter((operation) => !dropped.has(operation))])[1];
}
