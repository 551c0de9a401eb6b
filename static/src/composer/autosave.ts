/**
 * Saving by itself: operations wait a moment, go to the server in order, and stay here until it has them.
 *
 * What the server has confirmed is the base; the batch on its way and the operations behind it come on top. A batch is
 * sent again unchanged, under the same key, until it is answered, so that an answer lost on the way doubles nothing.
 */
import type { Draft, Operation, TwinDocument } from "./document.ts";
import { applyFitting, compact } from "./operations.ts";
import { RefusedError, UnreachableError, type Problem } from "../common/api.ts";
import { pause } from "../common/retry.ts";

export type SaveState =
  | { kind: "saved" }
  | { kind: "waiting" }
  | { kind: "saving" }
  | { kind: "retrying"; reason: string }
  | { kind: "conflict"; theirs: Operation[]; yours: Operation[] }
  | { kind: "refused"; problem: Problem };

export type Saved = Pick<Draft, "revision" | "document" | "findings">;

export interface Batch {
  key: string;
  revision: number;
  operations: Operation[];
}

/** What was not saved yet when the page was left. */
export interface Unsaved {
  /** The revision that the operations were made on. */
  revision: number;
  batch: Batch | null;
  waiting: Operation[];
}

/** What saving needs of the world around it. */
export interface Surroundings {
  send: (batch: Batch) => Promise<Saved>;
  load: () => Promise<Saved>;
  newKey: () => string;
  /** Calls back after some milliseconds; the answer calls it off. */
  after: (milliseconds: number, run: () => void) => () => void;
  /** Something changed: the state, the base or what is unsaved. */
  changed: () => void;
  /** The document to show is another one than the person's own edits made it. */
  merged: (document: TwinDocument) => void;
}

const QUIET = 1000;
/** The server takes no more operations at once. */
const MOST = 5000;

export class Autosave {
  base: Saved;
  state: SaveState = { kind: "saved" };
  private batch: Batch | null = null;
  private waiting: Operation[] = [];
  private failures = 0;
  private underWay: Promise<void> | null = null;
  private callOff: (() => void) | null = null;
  private readonly around: Surroundings;

  constructor(base: Saved, around: Surroundings) {
    this.base = base;
    this.around = around;
  }

  /** What the server does not have yet. */
  get unsaved(): Unsaved {
    return { revision: this.base.revision, batch: this.batch, waiting: this.waiting };
  }

  /** The document as the person sees it: the base with everything unsaved on top. */
  get document(): TwinDocument {
    return applyFitting(this.base.document, this.pending())[0];
  }

  /** Takes operations that were applied on the page. */
  add(operations: readonly Operation[]): void {
    if (operations.length === 0) return;
    this.waiting = compact([...this.waiting, ...operations]);
    if (this.state.kind === "saved") this.become({ kind: "waiting" });
    else this.around.changed();
    // The first operation sets the clock and the ones after it ride along, so nothing waits longer than this.
    if (!this.callOff && this.state.kind === "waiting") this.schedule(QUIET);
  }

  /** Puts back what an earlier visit could not save, on the revision it was made on: what others did since may conflict. */
  restore({ revision, batch, waiting }: Unsaved): void {
    if (!batch && waiting.length === 0) return;
    this.batch = batch ?? { key: this.around.newKey(), revision, operations: waiting };
    this.waiting = batch ? waiting : [];
    this.around.merged(this.document);
    this.become({ kind: "waiting" });
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

  /** Ends a conflict: lay our operations over theirs as far as they still fit, or let ours go. */
  async resolve(choice: "mine" | "theirs"): Promise<void> {
    const ours = this.pending();
    try {
      this.base = await this.around.load();
    } catch (error) {
      if (!(error instanceof UnreachableError || error instanceof RefusedError)) throw error;
      this.around.changed();
      return;
    }
    this.batch = null;
    this.waiting = choice === "mine" ? applyFitting(this.base.document, ours)[1] : [];
    this.around.merged(this.document);
    this.become(this.waiting.length ? { kind: "waiting" } : { kind: "saved" });
    await this.flush();
  }

  /** Tries a refused or failing batch once more, such as after the person has signed in again. */
  async retry(): Promise<void> {
    if (this.state.kind !== "refused" && this.state.kind !== "retrying") return;
    this.become({ kind: "waiting" });
    await this.flush();
  }

  private pending(): Operation[] {
    return [...(this.batch?.operations ?? []), ...this.waiting];
  }

  private isOpen(): boolean {
    return this.state.kind !== "conflict" && this.state.kind !== "refused";
  }

  private become(state: SaveState): void {
    this.state = state;
    this.around.changed();
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
    });
    return this.underWay;
  }

  private async sendBatch(): Promise<void> {
    this.callOff?.();
    this.callOff = null;
    if (!this.isOpen() || this.pending().length === 0) return;
    if (!this.batch) {
      this.batch = { key: this.around.newKey(), revision: this.base.revision, operations: this.waiting.slice(0, MOST) };
      this.waiting = this.waiting.slice(MOST);
    }
    this.become({ kind: "saving" });
    try {
      this.accept(await this.around.send(this.batch));
    } catch (error) {
      this.failed(error);
    }
  }

  private accept(saved: Saved): void {
    this.base = saved;
    this.batch = null;
    this.failures = 0;
    this.waiting = applyFitting(saved.document, this.waiting)[1];
    this.around.merged(this.document);
    this.become({ kind: this.waiting.length ? "waiting" : "saved" });
    if (this.waiting.length) this.schedule(QUIET);
  }

  private failed(error: unknown): void {
    if (error instanceof UnreachableError) this.again(error, 0);
    else if (error instanceof RefusedError) this.refused(error);
    else throw error;
  }

  private refused(error: RefusedError): void {
    const { status, problem } = error;
    if (status === 409 && problem.code === "twin.conflict") {
      const { theirs, yours } = problem as { theirs?: Operation[]; yours?: Operation[] };
      this.become({ kind: "conflict", theirs: theirs ?? [], yours: yours ?? this.pending() });
    } else if (status < 500 && status !== 429) {
      this.become({ kind: "refused", problem });
    } else {
      this.again(error, error.retryAfter * 1000);
    }
  }

  private again(error: Error, asked: number): void {
    this.failures += 1;
    this.become({ kind: "retrying", reason: error.message });
    this.schedule(Math.max(asked, pause(this.failures)));
  }
}
