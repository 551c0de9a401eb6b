/** Notes and images on the canvas: adding, writing and sizing them. */
import { call, RefusedError, UnreachableError } from "../../common/api.ts";
import { announce } from "../../common/dom.ts";
import { gettext } from "../../common/gettext.ts";
import { uuid7 } from "../../common/uuid7.ts";
import { lens, notify, pointInView, useCanvas, type Point } from "./canvas.ts";
import type { Operation, Position } from "../model/document.ts";
import { snapped } from "../model/geometry.ts";
import { base64, IMAGE_KINDS, scaledSize, sendable } from "./images.ts";
import { sizeOf } from "./parts.ts";
import { noteNode, notesAmong, selectedIds } from "./selection.ts";
import { useComposer } from "../store.ts";

/** Where images are sent to and read from; the page says it when it starts. */
export const gallery = {
  address: "",
  /** Where an image is read. */
  of: (digest: string): string => `${gallery.address}${digest}/`,
};

/** The largest that a note can be made, in pixels. */
const MOST = 2000;
const LEAST = 40;

/** The notes that are selected. */
export function notesHere(): string[] {
  const { document, nodes } = useComposer.getState();
  return notesAmong(document, selectedIds(nodes));
}

/** Puts an empty note where the pointer is, to be written at once. */
export function addNote(): void {
  const { perform, canEdit } = useComposer.getState();
  if (!canEdit) return;
  const id = uuid7();
  const at = snapped(lens.toCanvas(pointInView()));
  perform([{ op: "add_note", note: id, text: "", at, size: null, image: null }], [noteNode(id)]);
  useCanvas.setState({ writing: id, menu: null });
}

/** Opens the text of the note that is selected; whether there is one. */
export function editNote(): boolean {
  const [note] = notesHere();
  if (note === undefined || !useComposer.getState().canEdit) return false;
  useCanvas.setState({ writing: note });
  return true;
}

/** Keeps the text of a note; one without text or image goes. */
export function finishNote(id: string, text: string): void {
  const { document, perform } = useComposer.getState();
  useCanvas.setState({ writing: null });
  const note = document.notes[id];
  if (!note) return;
  const wanted = text.trim().slice(0, 2000);
  if (!wanted && !note.image) perform([{ op: "remove_note", note: id }]);
  else if (wanted !== (note.text ?? "")) perform([{ op: "edit_note", note: id, text: wanted }]);
}

/** Makes a note as large as it was drawn to be. */
export function resizeNote(id: string, at: Position, size: Position): void {
  const { document, perform } = useComposer.getState();
  const note = document.notes[id];
  if (!note) return;
  const [width, height] = size.map((length) => Math.min(MOST, Math.max(LEAST, Math.round(length)))) as Position;
  const place = at.map(Math.round) as Position;
  const moved: Operation[] =
    place[0] === note.at[0] && place[1] === note.at[1] ? [] : [{ op: "move_note", note: id, at: place }];
  perform([{ op: "resize_note", note: id, size: [width, height] }, ...moved]);
}

/** Makes the selected notes larger or smaller by a factor. */
export function resizeNotes(factor: number): void {
  const { document, perform } = useComposer.getState();
  perform(
    notesHere().flatMap((note): Operation[] => {
      const known = document.notes[note];
      const size = known && (sizeOf(known).map((length) => Math.round(length * factor)) as Position);
      return size?.every((length) => length >= LEAST && length <= MOST) ? [{ op: "resize_note", note, size }] : [];
    }),
  );
}

interface Kept {
  digest: string;
  width: number;
  height: number;
}

/** Sends an image and puts it on the canvas, at a point of the window. */
export async function addImage(file: Blob, point: Point = pointInView()): Promise<void> {
  if (!useComposer.getState().canEdit) return;
  const at = snapped(lens.toCanvas(point));
  const image = await sendable(file);
  if (!image) {
    notify(gettext("This is no image that can be shown here. PNG, JPEG and WebP can."));
    return;
  }
  try {
    const kept = await call<Kept>(gallery.address, { content: await base64(image) });
    const id = uuid7();
    const note = { text: "", at, size: scaledSize(kept.width, kept.height), image: kept.digest };
    useComposer.getState().perform([{ op: "add_note", note: id, ...note }], [noteNode(id)]);
    announce(gettext("The image was added. F2 says what it shows."));
  } catch (error) {
    if (error instanceof RefusedError) notify([error.message, error.problem.fix ?? ""].join(" ").trim());
    else if (error instanceof UnreachableError)
      notify(gettext("The image could not be sent; the server is out of reach."));
    else throw error;
  }
}

/** Asks for an image file, and puts it where the pointer was. */
export function chooseImage(): void {
  const point = pointInView();
  const chooser = document.createElement("input");
  chooser.type = "file";
  chooser.accept = IMAGE_KINDS.join();
  chooser.addEventListener("change", () => {
    const [file] = chooser.files ?? [];
    if (file) void addImage(file, point);
  });
  chooser.click();
}
