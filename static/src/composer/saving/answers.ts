/** What the answers of the server come to. */
import { RefusedError, UnreachableError } from "../../common/api.ts";
import type { TwinDocument } from "../model/document.ts";
import { rebase, type Change } from "./merge.ts";
import { applyFitting } from "../model/operations.ts";
import type { Answer, Batch } from "./saving.ts";

/** Whether no answer came, or the answer was no. */
export function isOfServer(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof RefusedError;
}

/** Whether the person has to sign in (again) first. */
export function isSignedOut({ status, problem }: RefusedError): boolean {
  const code = problem.code ?? "";
  return status === 401 || (status === 403 && (code.startsWith("entry.") || code === "request.csrf"));
}

/** The document after theirs and ours, or null when that is not what the server has. */
export function afterBoth(
  before: TwinDocument,
  batch: Batch,
  answer: Answer,
  news: readonly Change[],
): TwinDocument | null {
  const { carried } = rebase(before, answer.theirs, batch.operations);
  const both = [...news.map((change) => change.operation), ...carried];
  const [after, fitting] = applyFitting(before, both);
  const isAll =
    fitting.length === both.length && answer.revision === batch.revision + answer.theirs.length + carried.length;
  return isAll ? after : null;
}
