/** What publishing a draft would do, as the API tells it before it happens. */
import type { Finding } from "../composer/model/document.ts";
import { byAuthors, byOther, type Change, type Counts } from "./diff.ts";

export type Area = "assets" | "signals" | "alarms" | "dashboards" | "views" | "contracts" | "limits";

export interface Effect {
  area: Area;
  tone: "new" | "change" | "loss" | "error";
  message: string;
  /** What it happens to; not more than somebody reads. */
  names: string[];
}

export interface Standing {
  is_needed: boolean;
  is_approved: boolean;
  is_stale: boolean;
  review: string | null;
  state: "open" | "approved" | "changes" | null;
  by: string | null;
  comment: string | null;
}

export interface Preview {
  revision: number;
  published_version: number | null;
  /** How the person signs. */
  me: string;
  counts: Counts;
  changes: Change[];
  effects: Effect[];
  findings: Finding[];
  review: Standing;
}

export interface Part {
  /** Who made these changes, as they sign; empty where nobody is known. */
  who: string;
  changes: Change[];
  /** Whether somebody else had a hand in them: they are ticked before they are published. */
  isOthers: boolean;
}

/** The changes by who made them, the person's own first. */
export function partsOf(preview: Preview): Part[] {
  const parts = [...byAuthors(preview.changes)].map(([who, changes]) => ({
    who,
    changes,
    isOthers: changes.some((change) => byOther(change, preview.me)),
  }));
  return [...parts.filter((part) => !part.isOthers), ...parts.filter((part) => part.isOthers)];
}

export type Obstacle = "errors" | "limits" | "review" | "unseen" | null;

/** What stands in the way of publishing, the gravest first. */
export function obstacle(preview: Preview, ticked: ReadonlySet<string>): Obstacle {
  if (preview.findings.some((finding) => finding.severity !== "hint")) return "errors";
  if (preview.effects.some((effect) => effect.tone === "error")) return "limits";
  if (preview.review.is_needed && !preview.review.is_approved) return "review";
  return partsOf(preview).some((part) => part.isOthers && !ticked.has(part.who)) ? "unseen" : null;
}
