/** Asking the server again and again, as long as somebody looks. */
import { useEffect, useState } from "react";
import { RefusedError } from "../../common/api.ts";

const FORBIDDEN = 403;

/** What was answered last, and why nothing was. */
export interface Asked<Answer> {
  answer: Answer | null;
  trouble: string;
}

/**
 * What a question is answered, again whenever its `name` changes and after some time; the last answer stays until the
 * next one is there. Without a question nothing is asked.
 */
export function useAsked<Answer>(name: string, ask: (() => Promise<Answer>) | null, every: number): Asked<Answer> {
  const [asked, setAsked] = useState<Asked<Answer>>({ answer: null, trouble: "" });
  const isAsked = ask !== null;
  useEffect(() => {
    let isWanted = isAsked;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      if (ask && !document.hidden) {
        try {
          const answer = await ask();
          if (isWanted) setAsked({ answer, trouble: "" });
        } catch (error) {
          if (isWanted) setAsked((before) => ({ ...before, trouble: error instanceof Error ? error.message : "" }));
          // Who may not know it is not told the next time either.
          if (error instanceof RefusedError && error.status === FORBIDDEN) return;
        }
      }
      if (isWanted && every > 0) timer = setTimeout(() => void run(), every);
    };
    if (isWanted) void run();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
    // The name says all that the question depends on.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [name, isAsked, every]);
  return asked;
}

/** A text as it was when nothing was typed for a moment. */
export function useSettled(text: string, milliseconds = 300): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(text);
    }, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  }, [text, milliseconds]);
  return settled;
}
