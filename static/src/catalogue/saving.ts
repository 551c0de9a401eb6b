/**
 * Saving a draft by itself: a moment after each change the whole document goes to the server, with the revision that it
 * was made on. What somebody else changed meanwhile is merged where it touches other places, else both sides are shown.
 */
import { RefusedError, UnreachableError, type Problem } from "../common/api.ts";
import { pause } from "../common/retry.ts";
import { clashes, merged, type Clash } from "./changes.ts";
import { same, type Finding, type TypeDocument } from "./document.ts";

/** What the server knows of a draft. */
export interface Saved {
  revision: number;
  document: TypeDocument;
  findings: Finding[];
}

export type SaveState =
  | { kind: "saved" }
  | { kind: "waiting" }
  | { kind: "saving" }
  | { kind: "retrying"; reason: string }
  | { kind: "conflict"; clashes: Clash[] }
  | { kind: "refused"; problem: Problem };

/** What was not saved yet when the page was left, with what it was made on. */
export interface Unsaved {
  revision: number;
  base: TypeDocument;
  document: TypeDocument;
}

/** What saving needs of the world around it. */
export interface Surroundings {
  put: (revision: number, document: TypeDocument) => Promise<Saved>;
  load: () => Promise<Saved>;
  /** Calls back after some milliseconds; the answer calls it off. */
  after: (milliseconds: number, run: () => void) => () => void;
  /** The state changed, or what is unsaved. */
  changed: () => void;
  /** Somebody else's changes came in between `base` and `theirs`; the document to show is now another one. */
  received: (document: TypeDocument, base: TypeDocument, theirs: TypeDocument) => void;
}

const QUIET = 600;

export class Saving {
  state: SaveState = { kind: "saved" };
  /** As the server has it. */
  base: Saved;
  private mine: TypeDocument;
  private theirs: Saved | null = null;
  private failures = 0;
  private underWay: Promise<void> | null = null;
  private callOff: (() => void) | null = null;
  private readonly around: Surroundings;

  constructor(base: Saved, around: Surroundings) {
    this.base = base;
    this.mine = base.document;
    this.around = around;
  }

  /** What the server does not have yet; null when it has everything. */
  get unsaved(): Unsaved | null {
    if (this.mine === this.base.document) return null;
    return { revision: this.base.revision, base: this.base.document, document: this.mine };
  }

  /** Takes the document as it is now. */
  edit(document: TypeDocument): void {
    if (document === this.mine) return;
    this.mine = document;
    if (this.state.kind === "conflict") {
      this.around.changed();
      return;
    }
    if (this.state.kind === "saving") this.around.changed();
    else this.become({ kind: "waiting" });
    this.soon(QUIET);
  }

  /** Puts back what an earlier visit could not save. */
  restore(unsaved: Unsaved): void {
    if (same(unsaved.document, this.base.document)) return;
    const newest = this.base;
    this.base = { ...newest, revision: unsaved.revision, document: unsaved.base };
    this.mine = unsaved.document;
    if (unsaved.revision === newest.revision) {
      this.around.received(this.mine, this.base.document, this.base.document);
      this.become({ kind: "waiting" });
      this.soon(0);
    } else this.meet(newest);
  }

  /** Saves now, and resolves when everything is saved or cannot be for the time being. */
  async flush(): Promise<void> {
    while (this.unsaved && this.isOpen()) {
      const failures = this.failures;
      await this.run();
      if (this.failures > failures) return;
    }
  }

  /** Ends a conflict: places named here stay as the others have them, all others become ours. */
  async resolve(keepTheirs: ReadonlySet<string>): Promise<void> {
    if (!this.theirs) return;
    this.take(this.theirs, keepTheirs);
    await this.flush();
  }

  /** Tries again what was refused or did not get through. */
  async retry(): Promise<void> {
    if (this.state.kind !== "refused" && this.state.kind !== "retrying") return;
    this.become({ kind: "waiting" });
    await this.flush();
  }

  private isOpen(): boolean {
    return this.state.kind !== "conflict" && this.state.kind !== "refused";
  }

  private become(state: SaveState): void {
    this.state = state;
    this.around.changed();
  }

  private soon(milliseconds: number): void {
    this.callOff?.();
    this.callOff = this.around.after(milliseconds, () => {
      this.callOff = null;
      void this.run();
    });
  }

  /** One attempt, or the one that is on its way. */
  private run(): Promise<void> {
    this.underWay ??= this.send().finally(() => {
      this.underWay = null;
    });
    return this.underWay;
  }

  private async send(): Promise<void> {
    this.callOff?.();
    this.callOff = null;
    if (!this.unsaved || !this.isOpen()) return;
    const sent = this.mine;
    this.become({ kind: "saving" });
    try {
      const saved = await this.around.put(this.base.revision, sent);
      this.base = { ...saved, document: sent };
      this.failures = 0;
      this.settle();
    } catch (error) {
      await this.failed(error);
    }
  }

  private settle(): void {
    this.become({ kind: this.unsaved ? "waiting" : "saved" });
    if (this.unsaved) this.soon(QUIET);
  }

  private async failed(error: unknown): Promise<void> {
    if (error instanceof UnreachableError) this.again(error, 0);
    else if (!(error instanceof RefusedError)) throw error;
    else if (error.status === 409) await this.compare();
    else if (error.status < 500 && error.status !== 429) this.become({ kind: "refused", problem: error.problem });
    else this.again(error, error.retryAfter * 1000);
  }

  private again(error: Error, asked: number): void {
    this.failures += 1;
    this.become({ kind: "retrying", reason: error.message });
    this.soon(Math.max(asked, pause(this.failures)));
  }

  private async compare(): Promise<void> {
    try {
      this.meet(await this.around.load());
    } catch (error) {
      if (error instanceof RefusedError && error.status === 409) this.again(error, 0);
      else await this.failed(error);
    }
  }

  /** Another revision than ours was made on is there. */
  private meet(theirs: Saved): void {
    const found = clashes(this.base.document, theirs.document, this.mine);
    if (found.length > 0) {
      this.theirs = theirs;
      this.become({ kind: "conflict", clashes: found });
    } else this.take(theirs, new Set());
  }

  private take(theirs: Saved, keepTheirs: ReadonlySet<string>): void {
    const base = this.base.document;
    const together = merged(base, theirs.document, this.mine, keepTheirs);
    this.base = theirs;
    this.theirs = null;
    this.mine = same(together, theirs.document) ? theirs.document : together;
    this.around.received(this.mine, base, theirs.document);
    this.settle();
  }
}
