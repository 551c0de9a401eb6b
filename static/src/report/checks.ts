/**
 * The proofs of a report, checked here: that its documents are those that were logged, and that the log only grew since
 * this browser last saw it. The same as `verifier.py`; what computes the outcome again is loaded when it is asked for.
 */
import { gettext, ngettext } from "../common/gettext.ts";
import { base64, digest, hash, hex, readCanonical, RefusedError, UnknownError } from "./canonical.ts";
import { cosigner, fingerprint, keysOf, newestHead, readHead, signedHead, type Head, type Key } from "./heads.ts";
import { kindNamed } from "./kinds.ts";
import { reliesOn, reportIn, type Growth, type Leaf, type Report, type Stamped } from "./shapes.ts";
import { readStamp } from "./stamps.ts";
import { grown, included, leafHash, same } from "./tree.ts";

const SECONDS = "2026-03-29T01:00:00".length; // parts of one are not kept everywhere

/** A figure in words: its name, as it is stated, as it was computed, and whether that is the same. */
export interface FigureLine {
  name: string;
  stated: string;
  computed: string;
  state: "holds" | "fails" | "unknown";
}

/** What a check has found, with the figures that it computed again. */
export interface Found {
  found: string;
  figures: FigureLine[];
}

/**
 * What a check claims, and how it finds what it says, telling meanwhile what share of it is done; it throws a
 * RefusedError or an UnknownError, whose cause are the figures where it has some.
 */
export interface Check {
  claim: string;
  find: (tell: (share: number) => void) => Promise<string | Found>;
}

/** What became of a check. */
export interface Result {
  state: "holds" | "fails" | "unknown";
  found: string;
  figures?: FigureLine[];
}

/** What this browser keeps of a log: the fingerprint of the key it saw first, and the newest head. */
export interface Kept {
  fingerprint: string;
  head: string;
}

/** Where that is kept; what is to be kept is written down once every proof holds. */
export interface Memory {
  read: () => Kept | null;
  keep: (kept: Kept) => void;
}

/** The newest head of the log, with the proof from the size that is known; null when one may not ask. */
export type AskLog = ((known: number) => Promise<Answer>) | null;

/** What the log answers: its newest head, the proof, its key and how former ones have handed over. */
export type Answer = Growth & { key: string; handovers: string[] };

/** Make one check. */
export async function made(check: Check, tell: (share: number) => void = () => undefined): Promise<Result> {
  try {
    const found = await check.find(tell);
    return { state: "holds", ...(typeof found === "string" ? { found } : found) };
  } catch (error) {
    if (error instanceof RefusedError) return { state: "fails", found: error.message, ...causeOf(error) };
    if (error instanceof UnknownError) return { state: "unknown", found: error.message, ...causeOf(error) };
    return { state: "unknown", found: gettext("It could not be checked here: {reason}", { reason: String(error) }) };
  }
}

function causeOf({ cause }: Error): { figures?: FigureLine[] } {
  return Array.isArray(cause) ? { figures: cause as FigureLine[] } : {};
}

/** The report in its bytes. */
export function reading(bytes: Uint8Array<ArrayBuffer>): Report {
  return reportIn(readCanonical(bytes));
}

/** The checks of a report that could be read, in their order. */
export function checksOf(report: Report, memory: Memory, ask: AskLog): Check[] {
  const keys = (): Promise<Key[]> => keysOf(report.handovers ?? [], report.key.verifier);
  const { witnessed, previous } = report;
  const checks: Check[] = [
    { claim: gettext("The key is one that this browser knows"), find: () => pinned(report, memory, ask) },
    {
      claim: gettext("The head of the log is signed with the key"),
      find: async () => sized(await newestHead(report.head, await keys())),
    },
    { claim: gettext("The entries are in the log under the head"), find: () => entries(report) },
    { claim: gettext("The documents are those that were logged"), find: () => documents(report) },
    { claim: gettext("The statement is the one that was logged"), find: () => statement(report) },
    { claim: gettext("The statement and its outcome runs rest on the contract"), find: () => basis(report) },
    { claim: gettext("What is relied upon is there, and was logged before"), find: () => reliance(report) },
  ];
  if (witnessed)
    checks.push({
      claim: gettext("Witnesses have co-signed a head that this one grew from"),
      find: async () => {
        const old = await growth(report, witnessed, await keys());
        if (!witnessed.cosignatures.length) throw new RefusedError(gettext("nobody has co-signed the head"));
        const names = witnessed.cosignatures.map((each) => cosigner(old, each.key, each.signature));
        return `${sized(old)}: ${(await Promise.all(names)).join(", ")}`;
      },
    });
  if (report.stamped) {
    const stamped = report.stamped;
    checks.push({
      claim: gettext("A time-stamp is of a head with the statement in it"),
      find: async () => stampedHead(report, stamped, await keys()),
    });
  }
  if (previous)
    checks.push({
      claim: gettext("The log only grew since the head in the last report"),
      find: async () => sized(await growth(report, previous, await keys())),
    });
  checks.push({
    claim: gettext("The log only grew since this browser saw it last"),
    find: () => sinceLast(report, memory, ask),
  });
  return checks;
}

function sized(head: Head): string {
  return ngettext("{count} entry", "{count} entries", head.size);
}

/** The key's fingerprint is the one in the report, and the key, or one it handed over to it, was seen here before. */
async function pinned(report: Report, memory: Memory, ask: AskLog): Promise<string> {
  const own = await fingerprint(report.key.verifier);
  if (own !== report.key.fingerprint)
    throw new RefusedError(gettext("The report gives another fingerprint than its key has"));
  const kept = memory.read();
  if (kept === null)
    return gettext("{key}, seen here for the first time. Compare it with the one that you were told in another way.", {
      key: own,
    });
  const known = await fingerprintsOf(await keysOf(report.handovers ?? [], report.key.verifier));
  if (known.includes(kept.fingerprint)) return own;
  const since = ask && (await ask(readHead(report.head).size));
  const all = since ? await fingerprintsOf(await keysOf(since.handovers, since.key)) : [];
  if (all.includes(kept.fingerprint) && all.includes(own)) return own;
  throw new RefusedError(
    gettext(
      "It is {key}, this browser knows {known}. Ask your supplier; if the new key is theirs, clear this site's data.",
      { key: own, known: kept.fingerprint },
    ),
  );
}

function fingerprintsOf(keys: Key[]): Promise<string[]> {
  return Promise.all(keys.map((key) => fingerprint(key.verifier)));
}

async function entries(report: Report): Promise<string> {
  const head = readHead(report.head);
  const hashes = report.hashes.map(hash);
  for (const leaf of report.leaves) {
    const path = leaf.path.map((position) => hashes[position] ?? new Uint8Array());
    if (!(await included(await leafHash(leaf), leaf.index, head, path)))
      throw new RefusedError(gettext("{entry} is not what the log holds there", { entry: nameOf(leaf) }));
  }
  return ngettext("{count} entry", "{count} entries", report.leaves.length);
}

async function documents(report: Report): Promise<string> {
  const given = report.leaves.filter((leaf) => leaf.payload !== null);
  for (const leaf of given)
    if ((await digest(leaf.payload)) !== leaf.digest)
      throw new RefusedError(gettext("{entry} is another document", { entry: nameOf(leaf) }));
  return ngettext("{count} document", "{count} documents", given.length);
}

async function statement(report: Report): Promise<string> {
  const last = report.leaves.at(-1);
  if (last?.kind !== "statement" || (await digest(report.statement)) !== last.digest)
    throw new RefusedError(gettext("The statement in the report is another document than was logged"));
  return nameOf(last);
}

function basis(report: Report): Promise<string> {
  const given = new Map(report.leaves.map((leaf) => [leaf.digest, leaf.payload]));
  const named = (from: [string, string][], wanted: string): string[] =>
    [...new Set(from.filter(([kind]) => kind === wanted).map(([, value]) => value))].sort();
  const contracts = named(reliesOn(report.statement), "contract_version");
  const runs = named(reliesOn(report.statement), "outcome_run");
  if (!contracts.length || !runs.length || ![...contracts, ...runs].every((each) => given.get(each) != null))
    throw new RefusedError(gettext("It names no contract or no outcome run, or they are not in the report"));
  const uses = runs.flatMap((run) => reliesOn(given.get(run) ?? null));
  if (named(uses, "contract_version").join() !== contracts.join())
    throw new RefusedError(gettext("The outcome runs rest on another contract than the statement"));
  const evidence = named(uses, "evidence_segment").length;
  return Promise.resolve(ngettext("{count} segment of evidence", "{count} segments of evidence", evidence));
}

function reliance(report: Report): Promise<string> {
  const needed = new Set(reliesOn(report.statement).map((each) => each.join(" ")));
  for (const leaf of report.leaves.slice(0, -1).reverse()) {
    if (!needed.delete(`${leaf.kind} ${leaf.digest}`))
      throw new RefusedError(gettext("{entry} is relied upon by no later entry", { entry: nameOf(leaf) }));
    for (const each of reliesOn(leaf.payload)) needed.add(each.join(" "));
  }
  const [missing] = needed;
  if (missing !== undefined) {
    const [kind = "", digest = ""] = missing.split(" ");
    const document = `${kindNamed(kind)} ${digest}`;
    throw new RefusedError(gettext("{document} is not among the entries before it is relied upon", { document }));
  }
  return Promise.resolve(ngettext("{count} entry", "{count} entries", report.leaves.length - 1));
}

/** An earlier head, signed, once the proof shows the log of it to be the beginning of the report's. */
async function growth(report: Report, earlier: Growth, keys: Key[]): Promise<Head> {
  const old = await signedHead(earlier.head, keys);
  await refuseRewritten(old, readHead(report.head), earlier.consistency);
  return old;
}

/** A time-stamp is of a head of this log with the statement in it; who signed the time-stamp is not looked at. */
async function stampedHead(report: Report, stamped: Stamped, keys: Key[]): Promise<string> {
  const [head, own] = [await signedHead(stamped.head, keys), readHead(report.head)];
  const place = report.leaves.at(-1)?.index ?? 0;
  const [old, fresh] = head.size <= own.size ? [head, own] : [own, head];
  await refuseRewritten(old, fresh, stamped.consistency);
  if (head.size <= place)
    throw new RefusedError(
      gettext("The head of {count} entries does not hold the statement, which is entry {place}", {
        count: head.size,
        place: String(place),
      }),
    );
  const { algorithm, imprint, at } = readStamp(base64(stamped.token));
  const digest = await crypto.subtle.digest(algorithm, new TextEncoder().encode(stamped.head));
  if (!same(new Uint8Array(digest), imprint))
    throw new RefusedError(gettext("The time-stamp is of something else than the head beside it"));
  if (at.slice(0, SECONDS) !== stamped.at.slice(0, SECONDS))
    throw new RefusedError(
      gettext("The time-stamp says {at}, the report {told}", { at, told: stamped.at.slice(0, 40) }),
    );
  const told = gettext(
    "{at}, by {authority}: the head of {count} entries, {algorithm} {digest}, and in it the statement.",
    {
      at,
      authority: stamped.authority,
      count: head.size,
      algorithm,
      digest: hex(imprint),
    },
  );
  const size = String(head.size);
  const command = `openssl ts -verify -data head-${size}.txt -in head-${size}.tsr -CAfile AUTHORITY.pem`;
  return `${told} ${gettext("Not checked here is that the authority signed it. The verifier writes both files, with --stamp and a folder, for: {command}", { command })}`;
}

async function refuseRewritten(old: Head, fresh: Head, consistency: string[]): Promise<void> {
  if (old.signer !== fresh.signer || !(await grown(old, fresh, consistency.map(hash))))
    throw new RefusedError(
      gettext("The {fresh} entries are not shown to begin with the {old} there were. Keep both heads, and ask.", {
        fresh: fresh.size,
        old: old.size,
      }),
    );
}

/** The head kept here and the report's both begin the log as it is now, whose head is the next to be kept. */
async function sinceLast(report: Report, memory: Memory, ask: AskLog): Promise<string> {
  const own = await newestHead(report.head, await keysOf(report.handovers ?? [], report.key.verifier));
  const kept = memory.read();
  if (kept === null) {
    memory.keep({ fingerprint: report.key.fingerprint, head: report.head });
    return gettext("It is the first report that is checked here; its head is kept from now on.");
  }
  const old = readHead(kept.head);
  if (old.size === own.size && old.signer === own.signer && same(old.root, own.root)) return sized(own);
  if (old.size === own.size)
    throw new RefusedError(
      gettext("The log has signed two histories of {count} entries. Keep both heads, and ask.", { count: old.size }),
    );
  if (ask === null)
    throw new UnknownError(
      gettext("Only the log can show it, and you may not ask it. The verifier takes your last report with --previous."),
    );
  const [sinceOld, sinceOwn] = [await ask(old.size), await ask(own.size)];
  const newest = await answered(sinceOld, kept, report);
  const later = await answered(sinceOwn, kept, report);
  await refuseRewritten(old, newest, sinceOld.consistency);
  await refuseRewritten(own, later, sinceOwn.consistency);
  if (newest.size !== later.size || !same(newest.root, later.root))
    throw new UnknownError(gettext("The log grew in the meantime. Check again."));
  memory.keep({ fingerprint: kept.fingerprint, head: sinceOld.head });
  return gettext("From {old} to {count} entries", { old: old.size, count: newest.size });
}

/** The newest head in an answer of the log, whose keys are those known here, and have signed what is known of it. */
async function answered(answer: Answer, kept: Kept, report: Report): Promise<Head> {
  const keys = await keysOf(answer.handovers, answer.key);
  const all = await fingerprintsOf(keys);
  if (!all.includes(kept.fingerprint) || !all.includes(report.key.fingerprint))
    throw new RefusedError(
      gettext(
        "The log answers with the key {key}, to which no key known here has handed over. Keep the report, and ask.",
        {
          key: await fingerprint(answer.key),
        },
      ),
    );
  for (const head of [kept.head, report.head]) await signedHead(head, keys);
  return newestHead(answer.head, keys);
}

function nameOf(leaf: Leaf): string {
  return gettext("{kind} in entry {index}", { kind: kindNamed(leaf.kind), index: String(leaf.index) });
}
