/** What is open on the canvas and how it is worked on. Nothing of it is saved. */
import { create } from "zustand";
import { announce } from "../../common/dom.ts";
import type { Guide } from "../arranging/arrange.ts";
import type { End, Position } from "../model/document.ts";

/** A point of the window, in pixels. */
export type Point = [x: number, y: number];

/** The box that adds what is typed. */
export interface Adding {
  /** Where the box opens. */
  point: Point;
  /** Where on the canvas the new asset goes. */
  at: Position;
  /** Whether it was shown where; else the nearest free place is taken. */
  exactly: boolean;
  /** The port that the new asset is linked with. */
  from: End | null;
  /** The asset that the new one becomes a component of. */
  owner: string | null;
}

export interface CanvasState {
  /** Whether dragging on the empty canvas selects what it encloses, and a click adds to what is selected. */
  selecting: boolean;
  adding: Adding | null;
  /** Where the menu is open. */
  menu: Point | null;
  /** What was said last, until it is closed or something else is said. */
  notice: string;
  guides: readonly Guide[];
  /** The note whose text is being edited. */
  writing: string | null;
}

const CLOSED: CanvasState = { selecting: false, adding: null, menu: null, notice: "", guides: [], writing: null };

export const useCanvas = create<CanvasState>(() => CLOSED);

/** Says a sentence where it can be seen, and to screen readers. */
export function notify(sentence: string): void {
  useCanvas.setState({ notice: sentence });
  announce(sentence);
}

/** How the window and the canvas lie over each other; the canvas fills this in when it is drawn. */
export const lens = {
  /** The point of the canvas that a point of the window shows. */
  toCanvas: (point: Point): Position => point,
  /** The place of the canvas in the window. */
  frame: (): DOMRect => new DOMRect(),
  /** Where the pointer is, null when it is not over the canvas. */
  pointer: null as Point | null,
};

/** The point of the window where something new goes: under the pointer, else the middle of the canvas. */
export function pointInView(): Point {
  const frame = lens.frame();
  return lens.pointer ?? [frame.left + frame.width / 2, frame.top + frame.height / 2];
}

/** Opens the box that adds what is typed, at the pointer or at a point of the window. */
export function openAdding({ point, from = null, owner = null }: Partial<Adding> = {}): void {
  const shown = point ?? pointInView();
  const exactly = point !== undefined || lens.pointer !== null;
  useCanvas.setState({ adding: { point: shown, at: lens.toCanvas(shown), exactly, from, owner }, menu: null });
}
