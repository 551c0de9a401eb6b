/** Computes outcomes again beside the page, which goes on answering meanwhile. */
import { speak, type Words } from "../../common/gettext.ts";
import type { Report } from "../shapes.ts";
import { comparisonsOf, figuresOf, type Verdict } from "./figures.ts";

/** What is asked for, and what is answered: how much is done, then the verdict. */
export interface Asked {
  report: Report;
  what: "figures" | "comparisons";
}

/** The same with the words of the page. */
export type Told = Asked & { words: Words };

export type Answer = { share: number } | { verdict: Verdict };

function answer(what: Answer): void {
  postMessage(what);
}

addEventListener("message", ({ data: { report, what, words } }: MessageEvent<Told>) => {
  speak(words);
  const compute = what === "figures" ? figuresOf : comparisonsOf;
  answer({
    verdict: compute(report, (done, of) => {
      answer({ share: done / Math.max(1, of) });
    }),
  });
});
