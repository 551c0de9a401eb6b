/** Undo and redo: one step for one action of the person, whatever number of operations it took. */
import { placeOf, type Operation } from "./document.ts";

export interface Step {
  forward: Operation[];
  backward: Operation[];
  /** When it was done, in milliseconds. */
  at: number;
}

export interface History {
  readonly done: readonly Step[];
  readonly undone: readonly Step[];
}

export const EMPTY: History = { done: [], undone: [] };
const MOST = 300;
const ONE_GESTURE = 800;

function movesOnly(step: Step): boolean {
  return step.forward.every(({ op }) => op === "move" || op === "move_note");
}

function moved(step: Step): string {
  return step.forward.map(placeOf).join();
}

/** Holding an arrow key down is one action: moves of the same things in quick succession become one step. */
function continues(last: Step | undefined, step: Step): last is Step {
  return (
    last !== undefined &&
    step.at - last.at < ONE_GESTURE &&
    movesOnly(last) &&
    movesOnly(step) &&
    moved(last) === moved(step)
  );
}

/** The history after a new step; what had been undone can no longer be redone. */
export function record(history: History, step: Step): History {
  const last = history.done.at(-1);
  if (continues(last, step)) {
    const whole = { forward: step.forward, backward: last.backward, at: step.at };
    return { done: [...history.done.slice(0, -1), whole], undone: [] };
  }
  return { done: [...history.done, step].slice(-MOST), undone: [] };
}

/** The history one step back, with the operations that go there; null when there is none. */
export function stepBack(history: History): [History, Operation[]] | null {
  const step = history.done.at(-1);
  if (!step) return null;
  return [{ done: history.done.slice(0, -1), undone: [...history.undone, step] }, step.backward];
}

/** The history one undone step forward again, with its operations; null when there is none. */
export function stepForward(history: History): [History, Operation[]] | null {
  const step = history.undone.at(-1);
  if (!step) return null;
  // A step that is done again starts a gesture of its own.
  return [{ done: [...history.done, { ...step, at: 0 }], undone: history.undone.slice(0, -1) }, step.forward];
}
