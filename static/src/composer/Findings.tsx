import { gettext } from "../common/gettext.ts";
import type { Finding } from "./document.ts";
import { assetOfFinding } from "./find.ts";
import { Icon } from "./Icon.tsx";
import { useJump } from "./jump.ts";
import { useComposer } from "./store.ts";

function Entry({ finding, here }: { finding: Finding; here: boolean }) {
  const asset = useComposer((state) => assetOfFinding(finding, state.document));
  const name = useComposer((state) => state.document.assets[asset]?.name);
  const jump = useJump();
  const hint = finding.severity === "hint";
  return (
    <li className={`finding ${hint ? "finding-hint" : ""}`}>
      <Icon name={hint ? "info-circle" : "alert-circle"} />
      <div>
        <p className="finding-what">{finding.message}</p>
        {finding.fix && <p className="finding-fix">{finding.fix}</p>}
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
      </div>
    </li>
  );
}

/** What is wrong, errors before hints, each with the way to its place unless one is `here` already. */
export function FindingList({ findings, here = false }: { findings: Finding[]; here?: boolean }) {
  const ordered = [...findings].sort(
    (one, other) => Number(one.severity === "hint") - Number(other.severity === "hint"),
  );
  return (
    <ul className="findings">
      {ordered.slice(0, 200).map((finding, index) => (
        <Entry key={`${finding.code} ${finding.place} ${index}`} finding={finding} here={here} />
      ))}
    </ul>
  );
}
