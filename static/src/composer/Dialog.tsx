import "./dialog.css";
import { useEffect, useId, useRef, type ReactNode } from "react";
import { gettext } from "../common/gettext.ts";
import { Icon } from "./Icon.tsx";

/** A dialog of the browser's own, open as long as it is drawn. Without `close` it stays until a choice is made. */
export function Dialog({ title, close, children }: { title: string; close?: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
    // The browser gives the focus to the first button, which closes; what is to be decided comes before that.
    dialog.current?.querySelector<HTMLElement>("[data-first]")?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="composer-dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        close?.();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        {close && (
          <button type="button" className="bar-button" aria-label={gettext("Close")} onClick={close}>
            <Icon name="x" />
          </button>
        )}
      </header>
      {children}
    </dialog>
  );
}
