import "./findings.css";
import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import type { Finding } from "./document.ts";
import { placeOf } from "./marks.ts";
import { useEditor } from "./store.ts";

/** What is wrong, errors before hints, each with the way to its place. */
export function FindingList({ findings, jumped }: { findings: readonly Finding[]; jumped?: () => void }) {
  const ordered = [...findings].sort(
    (one, other) => Number(one.severity === "hint") - Number(other.severity === "hint"),
  );
  return (
    <ul className="type-findings">
      {ordered.slice(0, 200).map((finding, index) => {
        const { place } = placeOf(finding);
        const isHint = finding.severity === "hint";
        return (
          <li key={index} className="finding">
            <Icon name={isHint ? "info-circle" : "alert-circle"} />
            <div>
              <p className="finding-what">{finding.message}</p>
              {finding.fix && <p>{finding.fix}</p>}
              {place && (
                <button
                  type="button"
                  className="type-quiet"
                  onClick={() => {
                    jumped?.();
                    useEditor.getState().jump(finding.place);
                  }}
                >
                  {gettext("Go to {place}", { place: place.replaceAll("/", " › ") })}
                </button>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
