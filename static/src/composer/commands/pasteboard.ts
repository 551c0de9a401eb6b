/** The clipboard of the browser: by its events, which need no permission, and by command where it allows that. */
import { gettext } from "../../common/gettext.ts";
import { notify } from "../canvas/canvas.ts";
import { copied, paste } from "./editing.ts";
import { imageAmong } from "../canvas/images.ts";
import { addImage } from "../canvas/noting.ts";
import { useComposer } from "../store.ts";

/** Missing where a page came without encryption. */
const board = (): Clipboard | undefined => (navigator as { clipboard?: Clipboard }).clipboard;

/** Copies what is selected without keys, and takes it away when it is cut. */
export async function copyByCommand(cut: boolean): Promise<void> {
  const text = copied(cut);
  if (text === null) return;
  try {
    const clipboard = board();
    if (!clipboard) throw new DOMException("no clipboard");
    await clipboard.writeText(text);
  } catch {
    notify(
      cut
        ? gettext("The browser keeps the clipboard to itself. Press Ctrl-X.")
        : gettext("The browser keeps the clipboard to itself. Press Ctrl-C."),
    );
    return;
  }
  if (cut) useComposer.getState().removeSelected();
}

/** Pastes without keys. */
export async function pasteByCommand(): Promise<void> {
  try {
    const clipboard = board();
    if (!clipboard) throw new DOMException("no clipboard");
    paste(await clipboard.readText());
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    notify(gettext("The browser keeps the clipboard to itself. Press Ctrl-V."));
  }
}

/** Whether the person has marked words on the page, which are what Ctrl-C then means. */
function isReading(): boolean {
  return !(getSelection()?.isCollapsed ?? true);
}

/** Takes the clipboard's events that happen in a place, as long as they belong to no field. */
export function takeClipboard(
  place: HTMLElement,
  belongsElsewhere: (target: EventTarget | null) => boolean,
): () => void {
  const take =
    (cut: boolean) =>
    (event: ClipboardEvent): void => {
      if (belongsElsewhere(event.target) || isReading()) return;
      if (cut && !useComposer.getState().canEdit) return;
      const text = copied(cut);
      event.preventDefault();
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      if (cut) useComposer.getState().removeSelected();
    };
  const onPaste = (event: ClipboardEvent): void => {
    if (belongsElsewhere(event.target) || !useComposer.getState().canEdit) return;
    event.preventDefault();
    const image = imageAmong(event.clipboardData?.files);
    if (image) void addImage(image);
    else paste(event.clipboardData?.getData("text/plain") ?? "");
  };
  const [onCopy, onCut] = [take(false), take(true)];
  place.addEventListener("copy", onCopy);
  place.addEventListener("cut", onCut);
  place.addEventListener("paste", onPaste);
  return () => {
    place.removeEventListener("copy", onCopy);
    place.removeEventListener("cut", onCut);
    place.removeEventListener("paste", onPaste);
  };
}
