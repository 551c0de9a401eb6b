/** Groups and notes as React Flow draws them; what has not changed keeps its object, so that it is not drawn again. */
import { Position as Side, type Node } from "@xyflow/react";
import { around, type Box } from "../arranging/arrange.ts";
import type { Note, Position, TwinDocument } from "../model/document.ts";
import { GRID, HEAD, PORT_ROW, WIDTH } from "../model/geometry.ts";
import { IN, membersOf, OUT } from "../model/groups.ts";
import { groupNode, noteNode } from "./selection.ts";

interface Counts {
  errors: number;
  hints: number;
}

interface Grouped extends Counts, Record<string, unknown> {
  group: string;
  name: string;
  /** How many assets belong to it. */
  count: number;
  /** Where it lies by the document, which a drag has not changed yet. */
  left: number;
  top: number;
}

/** A collapsed group: one box for all that belongs to it. */
export type GroupView = Node<Grouped, "group">;
/** What lies around the assets of a group that is open. */
export type FrameView = Node<Grouped, "frame">;
/** A text or an image. */
export type NoteView = Node<Counts & { note: Note } & Record<string, unknown>, "note">;
export type PartView = GroupView | FrameView | NoteView;

/** How high a collapsed group is. */
export const GROUP_HEIGHT = HEAD + 2 * PORT_ROW;
/** The room between a frame and what it holds, and for its name. */
const PAD = GRID;
const TITLE = 2 * GRID;
/** The room that a frame takes beside and below what it holds, and above it. */
export const FRAME: Position = [PAD, PAD + TITLE];
const HANDLE = 12;
/** How large a note is that nobody made larger, as far as its text goes into it. */
const NOTE_WIDTH = 240;
const LINE_LETTERS = 30;
const MOST_LINES = 16;

/** How large a note is drawn. */
export function sizeOf({ size, text = "" }: Note): Position {
  if (size) return size;
  const lines = text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LINE_LETTERS)), 0);
  return [NOTE_WIDTH, Math.min(Math.max(lines, 2), MOST_LINES) * GRID + GRID];
}

function sized(box: Omit<Box, "id">) {
  const { x, y, width, height } = box;
  return { position: { x, y }, width, height, measured: { width, height } };
}

/** What is drawn besides assets and links, frames before all else because they lie behind it. */
export function partsDrawn(
  document: TwinDocument,
  heightOf: (asset: string) => number,
  countsOf: (asset: string) => Counts,
): PartView[] {
  return [
    ...[...membersOf(document)].flatMap(([key, members]): PartView[] => {
      const group = document.groups[key];
      if (!group || members.length === 0) return [];
      const boxes = members.map((id): Box => {
        const [x, y] = document.assets[id]?.at ?? [0, 0];
        return { id, x, y, width: WIDTH, height: heightOf(id) };
      });
      const counts = members.map(countsOf);
      const whole = around(boxes);
      const frame = group.collapsed ? whole : framed(whole);
      const data = {
        group: key,
        name: group.name,
        count: members.length,
        errors: counts.reduce((sum, each) => sum + each.errors, 0),
        hints: counts.reduce((sum, each) => sum + each.hints, 0),
        left: frame.x,
        top: frame.y,
      };
      return [group.collapsed ? groupView(data) : frameView(data, frame)];
    }),
    ...Object.entries(document.notes).map(([id, note]): NoteView => {
      const [[x, y], [width, height]] = [note.at, sizeOf(note)];
      return { id: noteNode(id), type: "note", data: { note, errors: 0, hints: 0 }, ...sized({ x, y, width, height }) };
    }),
  ];
}

/** The frame around a box. */
function framed({ x, y, width, height }: Box): Box {
  return { id: "", x: x - PAD, y: y - PAD - TITLE, width: width + 2 * PAD, height: height + 2 * PAD + TITLE };
}

function groupView(data: Grouped): GroupView {
  const handle = { y: HEAD / 2 - HANDLE / 2, width: HANDLE, height: HANDLE, type: "source" as const };
  return {
    id: groupNode(data.group),
    type: "group",
    data,
    ...sized({ x: data.left, y: data.top, width: WIDTH, height: GROUP_HEIGHT }),
    connectable: false,
    handles: [
      { ...handle, id: IN, position: Side.Left, x: -HANDLE / 2 },
      { ...handle, id: OUT, position: Side.Right, x: WIDTH - HANDLE / 2 },
    ],
  };
}

function frameView(data: Grouped, box: Box): FrameView {
  return {
    id: groupNode(data.group),
    type: "frame",
    data,
    ...sized(box),
    connectable: false,
    zIndex: -1,
    // The empty parts of a frame belong to the canvas behind it; the name is what it is taken by.
    style: { pointerEvents: "none" },
    dragHandle: ".frame-title",
  };
}

/** Whether a part is drawn as it was. */
export function isSamePart(one: PartView, other: PartView): boolean {
  const [before, after] = [one.data, other.data] as [Record<string, unknown>, Record<string, unknown>];
  return (
    one.type === other.type &&
    one.width === other.width &&
    one.height === other.height &&
    (one.dragging === true || (one.position.x === other.position.x && one.position.y === other.position.y)) &&
    Object.keys(after).every((key) => before[key] === after[key])
  );
}
