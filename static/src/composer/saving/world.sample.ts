/** A server in memory for tests of saving, with a hand on its clock and its answers. */
import { RefusedError } from "../../common/api.ts";
import { Autosave, type Answer, type Batch, type Saved, type Unsaved } from "./autosave.ts";
import type { Operation, TwinDocument } from "../model/document.ts";
import type { Change } from "./merge.ts";
import { applyFitting } from "../model/operations.ts";
import { station } from "../model/sample.ts";
import type { Told } from "./findings.ts";
import type { Catching } from "./saving.ts";

/** No findings before, none now. */
export const NOTHING_NEW: Told = { findings: null, findings_at: {}, findings_since: "none", findings_mark: "none" };

export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

export class World {
  saved: Saved = { revision: 7, document: station, findings: [], findings_mark: "none" };
  log: Change[] = [];
  sent: Batch[] = [];
  timers: { at: number; run: () => void }[] = [];
  merged: TwinDocument[] = [];
  kept: Unsaved[] = [];
  states: string[] = [];
  answers: ((batch: Batch) => Answer)[] = [];
  tooFar = false;
  /** What is told of the findings to who asks for changes. */
  found: Told[] = [];
  keep: () => Promise<void> = () => Promise.resolve();
  keys = 0;
  autosave = new Autosave(this.saved, {
    send: (batch) => {
      this.sent.push(batch);
      const answer = this.answers.shift() ?? ((given): Answer => this.answer(given));
      return new Promise((resolve) => {
        resolve(answer(batch));
      });
    },
    changes: (since) => {
      if (this.tooFar) return Promise.reject(new RefusedError(422, { code: "twin.too_far_behind" }, 0));
      const changes = this.log.filter((change) => change.revision > since);
      return Promise.resolve<Catching>({ revision: this.saved.revision, changes, findings: this.found });
    },
    load: () => Promise.resolve(this.saved),
    keep: (unsaved) => {
      this.kept.push(unsaved);
      return this.keep();
    },
    newKey: () => `key-${++this.keys}`,
    after: (milliseconds, run) => {
      const timer = { at: milliseconds, run };
      this.timers.push(timer);
      return () => {
        this.timers = this.timers.filter((each) => each !== timer);
      };
    },
    changed: () => this.states.push(this.autosave.state.kind),
    merged: (document) => this.merged.push(document),
  });

  commit(operations: Operation[], author = "me"): Change[] {
    const [document] = applyFitting(this.saved.document, operations);
    const changes = operations.map((operation, index): Change => {
      return { revision: this.saved.revision + index + 1, author, made_at: "", operation };
    });
    this.log.push(...changes);
    this.saved = { revision: this.saved.revision + operations.length, document, findings: [], findings_mark: "none" };
    return changes;
  }

  answer({ revision, operations }: Batch): Answer {
    const theirs = this.log.filter((change) => change.revision > revision);
    this.commit(operations);
    return { revision: this.saved.revision, theirs, ...NOTHING_NEW };
  }

  /** Somebody else edits the draft, and everybody is told. */
  told(...operations: Operation[]): void {
    this.autosave.hear(this.saved.revision + operations.length, this.commit(operations, "ada"), null);
  }

  /** Lets the next timer go off, and everything settle; the answer is how long it had waited. */
  async tick(): Promise<number> {
    const timer = this.timers.shift();
    timer?.run();
    await settle();
    return timer?.at ?? -1;
  }
}
