import "./panel.css";
import { Suspense } from "react";
import { countText, gettext } from "../../common/gettext.ts";
import { later } from "../../common/later.ts";
import { usePanels, type Panels } from "../panels.ts";
import type { Session } from "../session.ts";
import { useComposer } from "../store.ts";
import { AlsoAtIt } from "../together/Together.tsx";

const Inspector = later(() => import("./Inspector.tsx").then((part) => part.Inspector));
const Removed = later(() => import("../publishing/Removed.tsx").then((part) => part.Removed));
const AllFindings = later(() => import("../finding/Findings.tsx").then((part) => part.AllFindings));

function Tab({ words, count, shows }: { words: string; count?: number; shows: Panels["panel"] }) {
  const isActive = usePanels((state) => state.panel === shows);
  return (
    <button
      type="button"
      aria-pressed={isActive}
      onClick={() => {
        usePanels.setState({ panel: shows });
      }}
    >
      {words} {count !== undefined && countText(count)}
    </button>
  );
}

/** The side that shows what is selected, what is wrong, or what was removed. */
export function Details({ api, session }: { api: string; session: Session }) {
  const findings = useComposer((state) => state.findings.length);
  const panel = usePanels((state) => state.panel);
  return (
    <aside className="composer-side composer-inspector" aria-label={gettext("Details")}>
      <div className="tabs" role="group" aria-label={gettext("What to show")}>
        <Tab words={gettext("Details")} shows="asset" />
        <Tab words={gettext("Findings")} count={findings} shows="findings" />
        <Tab words={gettext("Removed")} shows="removed" />
      </div>
      <div className="composer-panel">
        <AlsoAtIt />
        <Suspense>
          {panel === "asset" && <Inspector api={api} />}
          {panel === "findings" && <AllFindings />}
          {panel === "removed" && <Removed session={session} />}
        </Suspense>
      </div>
    </aside>
  );
}
