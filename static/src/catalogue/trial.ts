/** Trying a formula as it is typed: the server says what it gives over sample data, or what is wrong with it. */
import { createContext, useContext, useEffect, useState } from "react";
import { RefusedError, UnreachableError } from "../common/api.ts";
import type { Finding } from "./document.ts";
import { tryFormula, type Configuration, type Preview } from "./session.ts";
import { useEditor } from "./store.ts";

export interface Trial {
  formula: string;
  findings: Finding[];
  preview: Preview | null;
  /** Set when the server could not say. */
  trouble: string;
}

export const Configured = createContext<Configuration | null>(null);

const QUIET = 250;

/** What the formula that stands at a place gives; null until the first answer. The last one stays while one is asked for. */
export function useTrial(place: string, formula: string): Trial | null {
  const configuration = useContext(Configured);
  const document = useEditor((state) => state.document);
  const [trial, setTrial] = useState<Trial | null>(null);
  useEffect(() => {
    if (!configuration || !formula.trim()) return undefined;
    const stop = new AbortController();
    const ask = async (): Promise<void> => {
      try {
        const answer = await tryFormula(configuration, { document, place, formula }, stop.signal);
        if (!stop.signal.aborted) setTrial({ formula, trouble: "", ...answer });
      } catch (error) {
        if (stop.signal.aborted || !(error instanceof RefusedError || error instanceof UnreachableError)) return;
        setTrial({ formula, findings: [], preview: null, trouble: error.message });
      }
    };
    const timer = setTimeout(() => void ask(), QUIET);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [configuration, document, place, formula]);
  return formula.trim() ? trial : null;
}
