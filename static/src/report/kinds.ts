/** The kinds of documents as they are called in the page's language; in English by the names that the log has. */
import { gettext } from "../common/gettext.ts";

/** A kind in the page's language; one that is not known here as it is. */
export function kindNamed(kind: string): string {
  const names: Record<string, string> = {
    assumed_evidence: gettext("assumed_evidence"),
    contract_acceptance: gettext("contract_acceptance"),
    contract_version: gettext("contract_version"),
    evidence_correction: gettext("evidence_correction"),
    evidence_segment: gettext("evidence_segment"),
    exclusion: gettext("exclusion"),
    exclusion_decision: gettext("exclusion_decision"),
    outcome_run: gettext("outcome_run"),
    site_record: gettext("site_record"),
    statement: gettext("statement"),
    what_if_run: gettext("what_if_run"),
  };
  return Object.hasOwn(names, kind) ? (names[kind] ?? kind) : kind;
}
