import { useState, type ReactNode } from "react";
import { countText } from "../../common/gettext.ts";
import "./details.css";

const FOLDED = "outturn.folded";

function folded(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(FOLDED) ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

function remember(id: string, isOpen: boolean): void {
  try {
    const others = folded().filter((each) => each !== id);
    localStorage.setItem(FOLDED, JSON.stringify(isOpen ? others : [...others, id]));
  } catch {
    // Without storage every section is open at the next visit.
  }
}

interface Options {
  /** By which the browser remembers whether it is folded. */
  id: string;
  title: string;
  /** How many things it holds. */
  count?: number;
  children: ReactNode;
}

/** A part of the details that folds; whether it is folded is remembered. */
export function Section({ id, title, count, children }: Options) {
  const [isOpen, setOpen] = useState(() => !folded().includes(id));
  return (
    <details
      className="fold"
      open={isOpen}
      onToggle={(event) => {
        if (event.target !== event.currentTarget) return;
        setOpen(event.currentTarget.open);
        remember(id, event.currentTarget.open);
      }}
    >
      <summary>
        <h2>{title}</h2>
        {count !== undefined && count > 0 && <small>{countText(count)}</small>}
      </summary>
      {children}
    </details>
  );
}
