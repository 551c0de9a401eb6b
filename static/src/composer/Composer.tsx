import { ReactFlowProvider, useReactFlow } from "@xyflow/react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { announce } from "../common/dom.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { Bar } from "./Bar.tsx";
import { Canvas } from "./Canvas.tsx";
import { FindingList } from "./Findings.tsx";
import { Icon } from "./Icon.tsx";
import { belongsToField, shortcuts, type Reach } from "./keys.ts";
import { Palette } from "./Palette.tsx";
import type { Configuration, Session } from "./session.ts";
import { useComposer } from "./store.ts";

// What the canvas can be seen without comes after it.
const Inspector = lazy(() => import("./Inspector.tsx").then((part) => ({ default: part.Inspector })));
const PublishDialog = lazy(() => import("./Publish.tsx").then((part) => ({ default: part.PublishDialog })));
const Trouble = lazy(() => import("./Trouble.tsx").then((part) => ({ default: part.Trouble })));
const Help = lazy(() => import("./Help.tsx").then((part) => ({ default: part.Help })));

type Panel = "asset" | "findings";

async function tidyUp(): Promise<void> {
  const { document: shown, types, nodes, placed, perform } = useComposer.getState();
  const chosen = nodes.filter((node) => node.selected).map((node) => node.id);
  const keep = chosen.length > 1 ? new Set(Object.keys(shown.assets).filter((id) => !chosen.includes(id))) : placed;
  const { tidy } = await import("./layout.ts");
  const moves = tidy(shown, types, keep);
  perform(moves);
  announce(
    moves.length
      ? ngettext("{count} asset was laid out.", "{count} assets were laid out.", moves.length)
      : gettext("Nothing to lay out: what you placed by hand stays. Select assets to lay out just those."),
  );
}

function Guide({ canEdit }: { canEdit: boolean }) {
  return (
    <div className="composer-guide">
      <div className="nothing">
        <Icon name="topology-star-3" />
        <h2>{gettext("This twin is still empty")}</h2>
        {canEdit ? (
          <p>
            {gettext(
              "Choose an asset type on the left and click it, or drag it here. Without a pointer: press A, type a name, press Enter.",
            )}
          </p>
        ) : (
          <p>{gettext("Nobody has added an asset yet, and your role does not allow you to.")}</p>
        )}
      </div>
    </div>
  );
}

function focusOn(selector: string): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(selector)?.focus();
  });
}

/** Brings the focus back to the composer when what had it is removed, so that the keyboard goes on working. */
function useFocusKept(root: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    let inside = false;
    const note = (event: FocusEvent): void => {
      inside = root.current?.contains(event.target as Element) ?? false;
    };
    const stop = useComposer.subscribe(() => {
      requestAnimationFrame(() => {
        if (inside && document.activeElement === document.body) root.current?.focus({ preventScroll: true });
      });
    });
    document.addEventListener("focusin", note);
    return () => {
      stop();
      document.removeEventListener("focusin", note);
    };
  }, [root]);
}

function Tab({ words, count, active, choose }: { words: string; count?: number; active: boolean; choose: () => void }) {
  return (
    <button type="button" aria-pressed={active} onClick={choose}>
      {words} {count}
    </button>
  );
}

function Details({ panel, choose, api }: { panel: Panel; choose: (panel: Panel) => void; api: string }) {
  const findings = useComposer((state) => state.findings);
  return (
    <aside className="composer-side composer-inspector" aria-label={gettext("Details")}>
      <div className="tabs" role="group" aria-label={gettext("What to show")}>
        <Tab
          words={gettext("Details")}
          active={panel === "asset"}
          choose={() => {
            choose("asset");
          }}
        />
        <Tab
          words={gettext("Findings")}
          count={findings.length}
          active={panel === "findings"}
          choose={() => {
            choose("findings");
          }}
        />
      </div>
      <div className="composer-panel">
        {panel === "asset" && (
          <Suspense>
            <Inspector api={api} />
          </Suspense>
        )}
        {panel === "findings" && findings.length > 0 && <FindingList findings={findings} />}
        {panel === "findings" && findings.length === 0 && (
          <p className="composer-hint">{gettext("Nothing is wrong with this draft.")}</p>
        )}
      </div>
    </aside>
  );
}

function Workbench({ configuration, session }: { configuration: Configuration; session: Session }) {
  const [dialog, setDialog] = useState<"publish" | "help" | null>(null);
  const [panel, setPanel] = useState<Panel>("asset");
  const [drawer, setDrawer] = useState<"palette" | "inspector" | null>(null);
  const root = useRef<HTMLDivElement>(null);
  const canEdit = useComposer((state) => state.canEdit);
  const empty = useComposer((state) => state.nodes.length === 0);
  const inTrouble = useComposer((state) => state.save.kind === "conflict" || state.save.kind === "refused");
  const { fitView } = useReactFlow();

  const reach = useMemo<Reach>(
    () => ({
      toPalette: () => {
        setDrawer("palette");
        focusOn(".palette-search");
      },
      toFind: () => {
        focusOn("[data-find]");
      },
      toLinks: () => {
        setPanel("asset");
        setDrawer("inspector");
        focusOn("[data-link-from]");
      },
      fit: () => void fitView({ maxZoom: 1, padding: 0.15 }),
      tidy: () => void tidyUp(),
      help: () => {
        setDialog("help");
      },
    }),
    [fitView],
  );
  const keys = useMemo(() => shortcuts(reach), [reach]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (belongsToField(event.target) || event.defaultPrevented) return;
      const shortcut = keys.find((each) => each.run && each.matches(event));
      if (!shortcut) return;
      event.preventDefault();
      shortcut.run?.();
    };
    const place = root.current;
    place?.addEventListener("keydown", onKey);
    return () => {
      place?.removeEventListener("keydown", onKey);
    };
  }, [keys]);
  useFocusKept(root);

  const close = (): void => {
    setDialog(null);
    root.current?.focus();
  };

  return (
    <div ref={root} className="composer" data-drawer={drawer ?? "none"} tabIndex={-1}>
      <Bar
        reach={reach}
        canPublish={configuration.can_publish}
        back={configuration.urls.twin}
        toggle={(name) => {
          setDrawer((open) => (open === name ? null : name));
        }}
        showFindings={() => {
          setPanel("findings");
          setDrawer("inspector");
        }}
        publish={() => {
          setDialog("publish");
        }}
      />
      {canEdit && (
        <aside className="composer-side composer-palette" aria-label={gettext("Asset types")}>
          <Palette
            catalogue={configuration.urls.catalogue}
            added={() => {
              setDrawer(null);
            }}
          />
        </aside>
      )}
      <div className="composer-canvas">
        <Canvas />
        {empty && <Guide canEdit={canEdit} />}
      </div>
      <Details panel={panel} choose={setPanel} api={configuration.api} />
      <Suspense>
        {dialog === "publish" && <PublishDialog session={session} close={close} />}
        {dialog === "help" && <Help list={keys} close={close} />}
        {inTrouble && <Trouble session={session} />}
      </Suspense>
    </div>
  );
}

/** The whole composer. */
export function Composer(options: { configuration: Configuration; session: Session }) {
  return (
    <ReactFlowProvider>
      <Workbench {...options} />
    </ReactFlowProvider>
  );
}
