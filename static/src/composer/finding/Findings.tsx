import { useMemo } from "react";
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import type { Finding } from "../model/document.ts";
import { assetOfFinding, nothingFound } from "./find.ts";
import "./findings.css";
import { fieldOf, fixAll, fixOf } from "./fixes.ts";
import { Icon } from "../Icon.tsx";
import { useJump } from "./jump.ts";
import { showField } from "../panels.ts";
import { useComposer } from "../store.ts";

/** How many findings are drawn at most. */
const MOST = 200;

/** The one-click fix, or the way to the field where the finding is put right. */
function Mend({ finding, here }: { finding: Finding; here: boolean }) {
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const canEdit = useComposer((state) => state.canEdit);
  const jump = useJump();
  const fix = canEdit ? fixOf(finding, shown, types) : null;
  const field = canEdit ? fieldOf(finding, shown) : null;
  return (
    <>
      {fix && (
        <button
          type="button"
          className="btn btn-sm"
          aria-label={gettext("{fix}: {finding}", { fix: fix.words, finding: finding.message })}
          onClick={() => {
            useComposer.getState().perform(fix.operations);
            announce(gettext("{fix}: done. Undo with Ctrl-Z.", { fix: fix.words }));
          }}
        >
          <Icon name="tool" />
          {fix.words}
        </button>
      )}
      {field && (
        <button
          type="button"
          className="finding-jump"
          aria-label={gettext("Go to the field: {finding}", { finding: finding.message })}
          onClick={() => {
            if (here) showField(field.field);
            else jump(field.asset, field.field);
          }}
        >
          {gettext("Go to the field")}
        </button>
      )}
    </>
  );
}

function Entry({ finding, here }: { finding: Finding; here: boolean }) {
  const asset = useComposer((state) => assetOfFinding(finding, state.document));
  const name = useComposer((state) => state.document.assets[asset]?.name);
  const jump = useJump();
  const hint = finding.severity === "hint";
  return (
    <li className={`finding ${hint ? "finding-hint" : "finding-error"}`}>
      <Icon name={hint ? "info-circle" : "alert-circle"} />
      <div>
        <p className="finding-what">{finding.message}</p>
        {finding.fix && <p className="finding-fix">{finding.fix}</p>}
        <div className="finding-ways">
          {name && !here && (
            <button
              type="button"
              className="finding-jump"
              onClick={() => {
                jump(asset);
              }}
            >
              {gettext("Go to {name}", { name })}
            </button>
          )}
          <Mend finding={finding} here={here} />
        </div>
      </div>
    </li>
  );
}

/** What is wrong, errors before hints, each with the way to its place unless one is `here` already, and what mends it. */
export function FindingList({ findings, here = false }: { findings: Finding[]; here?: boolean }) {
  const ordered = [...findings].sort(
    (one, other) => Number(one.severity === "hint") - Number(other.severity === "hint"),
  );
  return (
    <ul className="findings">
      {ordered.slice(0, MOST).map((finding, index) => (
        <Entry key={`${finding.code} ${finding.place} ${index}`} finding={finding} here={here} />
      ))}
    </ul>
  );
}

/** The findings of one kind, with a button that mends all of them in one step. */
function Kind({ findings }: { findings: Finding[] }) {
  const canEdit = useComposer((state) => state.canEdit);
  const mendAll = (): void => {
    const { document: shown, types, perform } = useComposer.getState();
    const operations = fixAll(findings, shown, types);
    perform(operations);
    announce(
      operations.length
        ? ngettext("{count} change. Undo with Ctrl-Z.", "{count} changes. Undo with Ctrl-Z.", operations.length)
        : gettext("These need a decision each."),
    );
  };
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const fixable = useMemo(
    () => canEdit && findings.some((each) => fixOf(each, shown, types)),
    [canEdit, findings, shown, types],
  );
  return (
    <section className="finding-kind">
      {findings.length > 1 && (
        <div className="finding-head">
          <span>{ngettext("{count} of this kind", "{count} of this kind", findings.length)}</span>
          {fixable && (
            <button type="button" className="btn btn-sm" onClick={mendAll}>
              <Icon name="tool" />
              {gettext("Fix all of this kind")}
            </button>
          )}
        </div>
      )}
      <FindingList findings={findings} />
    </section>
  );
}

/** The findings by their codes, those with errors first. */
function byKind(findings: readonly Finding[]): [string, Finding[]][] {
  const kinds = new Map<string, Finding[]>();
  const ordered = [...findings].sort(
    (one, other) => Number(one.severity === "hint") - Number(other.severity === "hint"),
  );
  for (const finding of ordered) {
    const known = kinds.get(finding.code);
    if (known) known.push(finding);
    else kinds.set(finding.code, [finding]);
  }
  return [...kinds];
}

/** Everything that is wrong with the draft, kind by kind, errors first. */
export function AllFindings() {
  const findings = useComposer((state) => state.findings);
  const isJudged = useComposer((state) => state.isJudged);
  const kinds = useMemo(() => byKind(findings), [findings]);
  if (kinds.length === 0) return <p className="composer-hint">{nothingFound(isJudged)}</p>;
  return (
    <>
      {kinds.map(([code, each]) => (
        <Kind key={code} findings={each} />
      ))}
    </>
  );
}
