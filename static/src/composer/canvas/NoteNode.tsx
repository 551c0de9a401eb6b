import "./notes.css";
import { NodeResizer, type NodeProps } from "@xyflow/react";
import { memo, useContext } from "react";
import { gettext } from "../../common/gettext.ts";
import { CanEditContext, FarContext, WritingContext } from "./contexts.ts";
import { finishNote, gallery, resizeNote } from "./noting.ts";
import type { NoteView } from "./parts.ts";
import { noteOf } from "./selection.ts";

function Writing({ note, text }: { note: string; text: string }) {
  return (
    <textarea
      className="note-writing nodrag nopan nowheel"
      aria-label={gettext("Text of the note")}
      placeholder={gettext("Write a note…")}
      defaultValue={text}
      maxLength={2000}
      autoFocus
      onBlur={(event) => {
        finishNote(note, event.target.value);
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        const done = event.key === "Enter" && (event.ctrlKey || event.metaKey);
        if (event.key === "Escape") event.currentTarget.value = text;
        if (!done && event.key !== "Escape") return;
        const node = event.currentTarget.closest<HTMLElement>(".react-flow__node");
        event.currentTarget.blur();
        node?.focus();
      }}
    />
  );
}

function Sizing({ note }: { note: string }) {
  if (!useContext(CanEditContext)) return null;
  return (
    <NodeResizer
      minWidth={40}
      minHeight={40}
      maxWidth={2000}
      maxHeight={2000}
      onResizeEnd={(_event, { x, y, width, height }) => {
        resizeNote(note, [x, y], [width, height]);
      }}
    />
  );
}

function Words({ note, text }: { note: string; text: string }) {
  const far = useContext(FarContext) !== "near";
  if (useContext(WritingContext) === note) return <Writing note={note} text={text} />;
  return far || !text ? null : <p>{text}</p>;
}

/** A text or an image on the canvas. */
export const NoteNode = memo(function NoteNode({ id, data, selected }: NodeProps<NoteView>) {
  const note = noteOf(id) ?? "";
  const { text = "", image } = data.note;
  const look = ["note", image && "note-image", selected && "note-selected"];
  return (
    <>
      {selected && <Sizing note={note} />}
      <div className={look.filter(Boolean).join(" ")}>
        {image && <img src={gallery.of(image)} alt={text || gettext("Image on the canvas")} draggable={false} />}
        <Words note={note} text={text} />
      </div>
    </>
  );
});
