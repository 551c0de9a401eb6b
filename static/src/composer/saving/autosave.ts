/**
 * Saving by itself: operations wait a moment, go to the server in order, and stay here until it has them.
 *
 * What the server has confirmed is the base; the batch on its way and the operations behind it come on top. A batch is
 * sent again unchanged, under the same key, until it is answered, so that an answer lost on the way doubles nothing.
 * What others do comes by `hear`: it goes into the base, unless it touches what waits here; then a person chooses.
 */
import { RefusedError, UnreachableError } from "../../common/api.ts";
import { gettext } from "../../common/gettext.ts";
import { pause } from "../../common/retry.ts";
import { afterBoth, isOfServer, isSignedOut } from "./answers.ts";
import { learned, type Known, type Told } from "./findings.ts";
import type { Operation, TwinDocument } from "../model/document.ts";
import { byPlace, misfits, rebase, settled, type Change, type Choice, type Rebased } from "./merge.ts";
import { applyFitting, compact } from "../model/operations.ts";
import type { Answer, Batch, Catching, Saved, SaveState, Surroundings, Unsaved } from "./saving.ts";

export type { Answer, Batch, Saved, SaveState, Unsaved } from "./saving.ts";

const QUIET = 200;
/** The server takes no more operations at once. */
const MOST = 5000;
/** How often it is tried anew to save on what others did, when the server sees a conflict that cannot be seen here. */
const ROUNDS = 3;
const SIGN_IN_AGAIN = 10_000;
const ADDS = new Set<Operation["op"]>(["add_asset", "add_group", "add_note", "link"]);

type Trouble = Extract<SaveState, { kind: "retrying" | "signed-out" | "conflict" | "refused" }>;

export class Autosave {
  base: Saved;
  state: SaveState = { kind: "saved" };
  private trouble: Trouble | null = null;
  private batch: Batch | null = null;
  private waiting: Operation[] = [];
  /** The revision that what waits was made on, while a conflict is not settled. */
  private since: number | null = null;
  private failures = 0;
  private rounds = 0;
  private underWay: Promise<void> | null = null;
  private callOff: (() => void) | null = null;
  /** What was done to what is unsaved, counted, and how much of that is kept. */
  private edits = 0;
  private keptEdits = 0;
  private keeping: Promise<void> = Promise.resolve();
  /** The newest revision that was told of, and what was told of those to come. */
  private known: number;
  private ahead = new Map<number, Change>();
  private aheadFindings = new Map<number, Told>();
  private isCatchingUp = false;
  /** What was told does not fit what is here: the draft has to be loaded anew. */
  private isAstray = false;
  private readonly around: Surroundings;

  constructor(base: Saved, around: Surroundings) {
    this.base = base;
    this.known = base.revision;
    this.around = around;
  }

  /** What the server does not have yet. */
  get unsaved(): Unsaved {
    return { revision: this.since ?? this.base.revision, batch: this.batch, waiting: this.waiting };
  }

  /** The document as the person sees it: the base with everything unsaved on top. */
  get document(): TwinDocument {
    return applyFitting(this.base.document, this.pending())[0];
  }

  /** Takes operations that were applied on the page. */
  add(operations: readonly Operation[]): void {
    if (operations.length === 0) return;
    this.waiting = compact([...this.waiting, ...operations]);
    this.keep();
    // The first operation sets the clock and the ones after it ride along, so nothing waits longer than this.
    if (!this.callOff && !this.trouble) this.schedule(QUIET);
  }

  /** Puts back what an earlier visit could not save, on the revision it was made on: what others did since may conflict. */
  restore({ revision, batch, waiting }: Unsaved): void {
    if (!batch && waiting.length === 0) return;
    this.batch = batch ?? { key: this.around.newKey(), revision, operations: waiting };
    this.waiting = [...(batch ? waiting : []), ...this.waiting];
    this.around.merged(this.document);
    this.keep();
    this.schedule(0);
  }

  /** Saves now, and resolves when everything is saved or cannot be for the time being. */
  async flush(): Promise<void> {
    while (this.isOpen() && this.pending().length > 0) {
      const failures = this.failures;
      await this.run();
      if (this.failures > failures) return;
    }
  }

  /** Others have brought the draft to a revision, by these changes when they are told. */
  hear(revision: number, changes: readonly Change[] | null, findings: Told | null): void {
    this.known = Math.max(this.known, revision);
    if (changes && this.ahead.size + changes.length <= MOST)
      for (const change of changes) if (change.revision > this.base.revision) this.ahead.set(change.revision, change);
    if (findings && revision > this.base.revision) this.aheadFindings.set(revision, findings);
    this.takeIn();
  }

  /** Something happened that explains what others did, if the person is just choosing between both. */
  explain(notice: string): void {
    if (this.trouble?.kind !== "conflict") return;
    this.trouble = { ...this.trouble, notice };
    this.become();
  }

  /** Ends a conflict: at every place what was chosen, and nothing of ours where nothing was. */
  async resolve(choices: ReadonlyMap<string, Choice>): Promise<void> {
    if (this.trouble?.kind !== "conflict") return;
    this.waiting = settled(this.base.document, this.waiting, this.trouble.clashes, choices);
    this.goOn();
    await this.flush();
  }

  /** Lets go of everything that is not saved. */
  async drop(): Promise<void> {
    try {
      this.base = await this.around.load();
    } catch (error) {
      if (!isOfServer(error)) throw error;
      return;
    }
    this.batch = null;
    this.waiting = [];
    this.goOn();
  }

  /** Tries what was refused or is failing once more, such as after the person has signed in again. */
  async retry(): Promise<void> {
    if (!this.trouble || this.trouble.kind === "conflict") return;
    this.trouble = null;
    this.become();
    await this.flush();
  }

  private pending(): Operation[] {
    return [...(this.batch?.operations ?? []), ...this.waiting];
  }

  private isOpen(): boolean {
    return this.trouble?.kind !== "conflict" && this.trouble?.kind !== "refused";
  }

  private get isKept(): boolean {
    return this.keptEdits === this.edits;
  }

  /** A conflict or a refusal is over. */
  private goOn(): void {
    this.trouble = null;
    this.since = null;
    this.around.merged(this.document);
    this.keep();
    if (this.waiting.length) this.schedule(0);
    this.takeIn();
  }

  private become(): void {
    this.state = this.look();
    this.around.changed();
  }

  private look(): SaveState {
    const { trouble } = this;
    if (trouble?.kind === "retrying" || trouble?.kind === "signed-out")
      return { ...trouble, count: this.pending().length, kept: this.isKept };
    if (trouble) return trouble;
    if (this.pending().length === 0) return { kind: "saved" };
    if (!this.isKept) return { kind: "unsaved" };
    return { kind: this.underWay ? "saving" : "waiting" };
  }

  /** Has what is unsaved kept; until then it is nothing but unsaved. */
  private keep(): void {
    const edits = ++this.edits;
    this.keeping = this.around.keep(this.unsaved).then(
      () => {
        this.keptEdits = Math.max(this.keptEdits, edits);
        if (this.isKept) this.become();
      },
      () => undefined, // a browser that keeps nothing still saves to the server, and says until then that it is unsaved
    );
    this.become();
  }

  private schedule(milliseconds: number): void {
    this.callOff?.();
    this.callOff = this.around.after(milliseconds, () => {
      this.callOff = null;
      void this.run();
    });
  }

  /** One batch, or the one that is on its way. */
  private run(): Promise<void> {
    this.underWay ??= this.sendBatch().finally(() => {
      this.underWay = null;
      this.become();
      this.takeIn();
    });
    return this.underWay;
  }

  private async sendBatch(): Promise<void> {
    this.callOff?.();
    this.callOff = null;
    if (!this.isOpen() || this.pending().length === 0) return;
    if (!this.batch) {
      const { revision, findings_mark: mark } = this.base;
      this.batch = { key: this.around.newKey(), revision, mark, operations: this.waiting.slice(0, MOST) };
      this.waiting = this.waiting.slice(MOST);
      this.keep();
    }
    const { batch } = this;
    await this.keeping;
    this.become();
    try {
      await this.accept(batch, await this.around.send(batch));
    } catch (error) {
      await this.failed(error, batch);
    }
  }

  private async accept(batch: Batch, answer: Answer): Promise<void> {
    this.failures = this.rounds = 0;
    this.trouble = null;
    const before = this.base;
    const news = answer.theirs.filter((change) => change.revision > before.revision);
    const after = answer.revision > before.revision ? afterBoth(before.document, batch, answer, news) : before.document;
    const known = learned(before, answer);
    const isOurs = after !== null && known !== null;
    this.base = isOurs
      ? { revision: Math.max(before.revision, answer.revision), document: after, ...known }
      : await this.around.load();
    this.batch = null;
    this.known = Math.max(this.known, this.base.revision);
    this.put(rebase(before.document, isOurs ? news : [], this.waiting), before, before.revision, "");
  }

  /** Takes what waits as it was carried over to the base, or asks the person where that could not be. */
  private put({ carried, clashes }: Rebased, before: Saved, since: number, notice: string): void {
    const found = clashes.length ? clashes : misfits(this.base.document, carried);
    if (found.length) {
      this.since ??= since;
      this.trouble = { kind: "conflict", clashes: found, notice, before: before.document };
    } else {
      this.waiting = carried;
      if (carried.length && !this.callOff && !this.trouble) this.schedule(QUIET);
    }
    this.around.merged(this.document);
    this.keep();
  }

  /** Takes in what others did, as far as it is told and nothing of ours is on its way. */
  private takeIn(): void {
    if (this.isBusy()) return;
    const changes = this.next();
    const revision = this.base.revision + changes.length;
    const findings = this.foundUpTo(revision);
    if (changes.length && !this.isAstray) this.merge({ revision, changes, findings }, this.base.revision);
    if (this.isAstray || this.base.revision < this.known) void this.catchUp();
  }

  private isBusy(): boolean {
    return Boolean(this.batch ?? this.underWay) || this.isCatchingUp || this.trouble?.kind === "conflict";
  }

  /** What was told of those revisions that come next. */
  private next(): Change[] {
    for (const each of this.ahead.keys()) if (each <= this.base.revision) this.ahead.delete(each);
    const changes: Change[] = [];
    for (let next = this.ahead.get(this.base.revision + 1); next; next = this.ahead.get(next.revision + 1))
      changes.push(next);
    return changes;
  }

  /** What was told of the findings after the base and up to a revision, in order. */
  private foundUpTo(revision: number): Told[] {
    for (const each of this.aheadFindings.keys()) if (each <= this.base.revision) this.aheadFindings.delete(each);
    const told = [...this.aheadFindings].filter(([each]) => each <= revision);
    return told.sort(([one], [other]) => one - other).map(([, found]) => found);
  }

  /** Puts what others did since a revision under what waits here. */
  private merge({ revision, changes, findings, notice = "" }: Catching, since: number): void {
    const before = this.base;
    const news = changes.filter((change) => change.revision > before.revision);
    const operations = news.map((change) => change.operation);
    const [document, fitting] = applyFitting(before.document, operations);
    if (fitting.length < operations.length) {
      this.isAstray = true;
      return;
    }
    // Findings that were told too briefly stay as they are until the next answer: by their mark the server sees it.
    const known = findings.reduce<Known>((last, told) => learned(last, told) ?? last, before);
    this.base = { ...before, ...known, revision: Math.max(revision, before.revision), document };
    this.put(rebase(before.document, changes, this.waiting), before, since, notice);
  }

  /** Asks for what was not told; for the whole draft when that cannot be told, or does not fit. */
  async catchUp(): Promise<void> {
    this.isCatchingUp = true;
    try {
      if (this.isAstray) await this.startOver("");
      else await this.ask(this.base.revision);
    } catch (error) {
      if (!isOfServer(error)) throw error;
      this.known = this.base.revision; // the next thing that is told, or our next edit, asks again
      this.isAstray = false;
    } finally {
      this.isCatchingUp = false;
    }
    this.takeIn();
  }

  private async ask(since: number): Promise<void> {
    try {
      const found = await this.around.changes(since, this.base.findings_mark);
      if (!this.batch && this.trouble?.kind !== "conflict") this.merge(found, since);
    } catch (error) {
      if (!(error instanceof RefusedError && error.status === 422)) throw error;
      await this.startOver("");
    }
  }

  /** Takes the draft as it is now. With a notice the person chooses what of theirs is to be done on it. */
  private async startOver(notice: string): Promise<void> {
    const before = this.base;
    this.base = await this.around.load();
    this.known = this.base.revision;
    this.isAstray = false;
    this.ahead.clear();
    if (this.batch) {
      this.around.merged(this.document); // the answer to it will tell
      return;
    }
    const clashes = notice ? byPlace(this.waiting.filter((each) => !ADDS.has(each.op))) : [];
    this.put({ carried: this.waiting, clashes }, before, before.revision, notice);
  }

  private async failed(error: unknown, batch: Batch): Promise<void> {
    if (error instanceof UnreachableError) this.again(error, 0);
    else if (error instanceof RefusedError) await this.refused(error, batch);
    else throw error;
  }

  private async refused(error: RefusedError, batch: Batch): Promise<void> {
    const { status, problem } = error;
    if (status === 409 && problem.code === "twin.conflict" && this.rounds < ROUNDS) {
      await this.conflicted(batch);
    } else if (isSignedOut(error)) {
      this.failures += 1;
      this.trouble = { kind: "signed-out", count: 0, kept: true };
      this.schedule(SIGN_IN_AGAIN);
    } else if (status < 500 && status !== 429) {
      this.trouble = { kind: "refused", problem };
    } else {
      this.again(error, error.retryAfter * 1000);
    }
  }

  /** The server does not take the batch as it is: what others did since it was made has to be looked at first. */
  private async conflicted(batch: Batch): Promise<void> {
    try {
      const found = await this.around.changes(batch.revision, this.base.findings_mark);
      this.rounds = found.changes.length ? 0 : this.rounds + 1;
      this.takeBack();
      this.merge(found, batch.revision);
    } catch (error) {
      if (!(error instanceof RefusedError && error.status === 422)) {
        await this.failed(error, batch);
        return;
      }
      this.takeBack();
      await this.startOver(gettext("The draft became another one while you were working on what it was before."));
    }
  }

  private takeBack(): void {
    this.waiting = this.pending();
    this.batch = null;
    this.trouble = null;
  }

  private again(error: Error, asked: number): void {
    this.failures += 1;
    this.trouble = { kind: "retrying", reason: error.message, count: 0, kept: true };
    this.schedule(Math.max(asked, pause(this.failures)));
  }
}
