/** Saves a dashboard a moment after each change; a conflict is shown, and neither side is lost. */
import { call, RefusedError, UnreachableError } from "../common/api.ts";
import { pause } from "../common/retry.ts";
import type { Document } from "./document.ts";

export interface Theirs {
  name: string;
  revision: number;
  document: Document;
}

export type SaveState =
  | { kind: "saved" }
  | { kind: "unsaved" }
  | { kind: "refused"; reason: string }
  | { kind: "unreachable" }
  | { kind: "conflict"; theirs: Theirs };

const SETTLED_MS = 800;

export class Saving {
  state: SaveState = { kind: "saved" };
  private readonly url: string;
  private readonly changed: () => void;
  private name: string;
  private revision: number;
  private wanted: Document | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isUnderWay = false;
  private failures = 0;

  constructor(url: string, name: string, revision: number, changed: () => void) {
    [this.url, this.name, this.revision, this.changed] = [url, name, revision, changed];
  }

  /** Saves this soon; while there is a conflict, once that is settled. */
  save(document: Document): void {
    this.wanted = document;
    if (this.state.kind === "conflict") return;
    this.become({ kind: "unsaved" });
    this.soon(SETTLED_MS);
  }

  /** Saves ours over theirs, which stays among the revisions. */
  keepOurs(): void {
    if (this.state.kind !== "conflict") return;
    this.revision = this.state.theirs.revision;
    this.become({ kind: "unsaved" });
    this.soon(0);
  }

  /** Goes on from theirs. */
  takeTheirs(): void {
    if (this.state.kind !== "conflict") return;
    [this.revision, this.name, this.wanted] = [this.state.theirs.revision, this.state.theirs.name, null];
    this.become({ kind: "saved" });
  }

  private soon(wait: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.send(), wait);
  }

  private async send(): Promise<void> {
    if (this.isUnderWay || !this.wanted) return;
    const document = this.wanted;
    this.isUnderWay = true;
    try {
      const body = { base_revision: this.revision, name: this.name, document };
      const saved = await call<{ revision: number }>(this.url, body, {}, { method: "PUT" });
      this.revision = saved.revision;
      this.failures = 0;
      if (this.wanted === document) {
        this.wanted = null;
        this.become({ kind: "saved" });
      } else this.soon(0);
    } catch (error) {
      this.failed(error);
    } finally {
      this.isUnderWay = false;
    }
  }

  private failed(error: unknown): void {
    if (error instanceof RefusedError) {
      if (error.status === 409 && error.problem["dashboard"]) {
        this.become({ kind: "conflict", theirs: error.problem["dashboard"] as Theirs });
      } else {
        this.become({ kind: "refused", reason: [error.message, error.problem.fix].filter(Boolean).join(". ") });
      }
    } else if (error instanceof UnreachableError) {
      this.failures += 1;
      this.become({ kind: "unreachable" });
      this.soon(pause(this.failures));
    } else throw error;
  }

  private become(state: SaveState): void {
    this.state = state;
    this.changed();
  }
}
