/** What is found wrong with the draft, as the server tells it to who has earlier findings. */
import type { Draft, Finding } from "../model/document.ts";

/** Findings and what the server knows them by. */
export type Known = Pick<Draft, "findings" | "findings_mark">;

/** All findings, or by place what differs from those of the mark `findings_since`; neither when it is too much to tell. */
export interface Told {
  findings: Finding[] | null;
  findings_at: Record<string, Finding[]> | null;
  findings_since: string | null;
  findings_mark: string;
}

/** The findings after what was told; null when that does not lead on from those that are known. */
export function learned(known: Known, told: Told): Known | null {
  const { findings, findings_at: at, findings_mark: mark } = told;
  if (findings) return { findings, findings_mark: mark };
  if (!at || told.findings_since !== known.findings_mark) return null;
  return { findings: Object.keys(at).length ? replaced(known.findings, at) : known.findings, findings_mark: mark };
}

/** Each place keeps where it stands, so that nobody loses the one that they are looking at. */
function replaced(findings: readonly Finding[], at: Readonly<Record<string, Finding[]>>): Finding[] {
  const left = new Map(Object.entries(at));
  const kept = findings.flatMap((finding) => {
    if (!(finding.place in at)) return [finding];
    const now = left.get(finding.place) ?? [];
    left.delete(finding.place);
    return now;
  });
  return [...kept, ...[...left.values()].flat()];
}
