/** What saving and whoever shows it say to each other. */
import type { Problem } from "../../common/api.ts";
import type { Draft, Operation, TwinDocument } from "../model/document.ts";
import type { Told } from "./findings.ts";
import type { Change, Clash } from "./merge.ts";

/**
 * `unsaved` is not even kept in this browser yet; `kept` says whether it will outlive the page, and `before` is what both
 * sides of a conflict began with.
 */
export type SaveState =
  | { kind: "saved" }
  | { kind: "unsaved" }
  | { kind: "waiting" }
  | { kind: "saving" }
  | { kind: "retrying"; reason: string; count: number; kept: boolean }
  | { kind: "signed-out"; count: number; kept: boolean }
  | { kind: "conflict"; clashes: Clash[]; notice: string; before: TwinDocument }
  | { kind: "refused"; problem: Problem };

export type Saved = Pick<Draft, "revision" | "document" | "findings" | "findings_mark">;

/** The server's answer to a batch: what others had done since its revision comes before it. */
export interface Answer extends Told {
  revision: number;
  theirs: Change[];
}

/** What leads from a revision to the present draft. */
export interface Catching {
  revision: number;
  changes: Change[];
  /** What was told of the findings meanwhile, in order. */
  findings: readonly Told[];
  /** What else happened since that explains them, such as a rollback. */
  notice?: string;
}

export interface Batch {
  key: string;
  revision: number;
  /** Of the findings that were known when it was made; a batch of before there were marks has none. */
  mark?: string;
  operations: Operation[];
}

/** What is not saved yet. */
export interface Unsaved {
  /** The revision that the operations were made on. */
  revision: number;
  batch: Batch | null;
  waiting: Operation[];
}

/** What saving needs of the world around it. */
export interface Surroundings {
  send: (batch: Batch) => Promise<Answer>;
  /** What was done since a revision; a refusal of 422 says that it cannot be told. */
  changes: (since: number, mark: string) => Promise<Catching>;
  load: () => Promise<Saved>;
  /** Keeps what is unsaved where it outlives the page. */
  keep: (unsaved: Unsaved) => Promise<void>;
  newKey: () => string;
  /** Calls back after some milliseconds; the answer calls it off. */
  after: (milliseconds: number, run: () => void) => () => void;
  /** Something changed: the state, the base or what is unsaved. */
  changed: () => void;
  /** The document to show is another one than the person's own edits made it. */
  merged: (document: TwinDocument) => void;
}
