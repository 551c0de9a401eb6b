import { ReactFlowProvider, useReactFlow } from "@xyflow/react";
import { Suspense, useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { gettext } from "../common/gettext.ts";
import { later } from "../common/later.ts";
import { Bar } from "./Bar.tsx";
import { Canvas } from "./canvas/Canvas.tsx";
import { pointInView, useCanvas } from "./canvas/canvas.ts";
import { Details } from "./details/Details.tsx";
import { Guide } from "./canvas/Guide.tsx";
import { FITTED } from "./canvas/opening.ts";
import { useJump } from "./finding/jump.ts";
import { belongsToField, commands, type Reach } from "./commands/keys.ts";
import { hasValues } from "./live/wanted.ts";
import { Menu } from "./canvas/Menu.tsx";
import { Notice } from "./Notice.tsx";
import { offerCommands } from "./commands/offers.ts";
import { Palette } from "./commands/Palette.tsx";
import "./commands/panelcommands.ts";
import { reachable, usePanels } from "./panels.ts";
import { takeClipboard } from "./commands/pasteboard.ts";
import { QuickAdd } from "./commands/QuickAdd.tsx";
import type { Configuration, Session } from "./session.ts";
import { useComposer } from "./store.ts";
import { tidyUp } from "./arranging/tidying.ts";
import { OthersOnCanvas } from "./together/Together.tsx";
import { Tools } from "./canvas/Tools.tsx";

// What the canvas can be seen without comes after it.
const Sheet = later(() => import("./sheet/Sheet.tsx").then((part) => part.Sheet));
const LiveLayer = later(() => import("./live/LiveLayer.tsx").then((part) => part.LiveLayer));
const PublishDialog = later(() => import("./publishing/Publish.tsx").then((part) => part.PublishDialog));
const Trouble = later(() => import("./saving/Trouble.tsx").then((part) => part.Trouble));
const Help = later(() => import("./commands/Help.tsx").then((part) => part.Help));

const IN_TROUBLE: ReadonlySet<string> = new Set(["conflict", "refused", "signed-out"]);

/** Where the menu opens without a pointer: at what has the focus, else in the middle. */
function placeOfMenu(): [number, number] {
  const node = document.activeElement?.closest(".react-flow__node, .react-flow__edge")?.getBoundingClientRect();
  return node ? [node.left + node.width / 2, node.top + node.height / 2] : pointInView();
}

/** Goes to a field, at once if it can be seen, so that what is typed next goes into it; what stands in it is chosen. */
function focusOn(selector: string): void {
  const go = (): boolean => {
    const field = document.querySelector<HTMLElement>(selector);
    field?.focus();
    if (field instanceof HTMLInputElement) field.select();
    return field !== null && document.activeElement === field;
  };
  if (!go()) requestAnimationFrame(go);
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

/** Whether live values are wanted, and there are any. */
function useFollowing(): boolean {
  const isThere = useComposer(hasValues);
  const isWanted = usePanels((state) => state.isLive || state.watched !== null);
  return isThere && isWanted;
}

function Workbench({ configuration, session }: { configuration: Configuration; session: Session }) {
  const [dialog, setDialog] = useState<"publish" | "help" | null>(null);
  const drawer = usePanels((state) => state.drawer);
  const isSheet = usePanels((state) => state.isSheet);
  const isFollowing = useFollowing();
  const root = useRef<HTMLDivElement>(null);
  const canEdit = useComposer((state) => state.canEdit);
  const empty = useComposer((state) => state.nodes.length === 0);
  const inTrouble = useComposer((state) => IN_TROUBLE.has(state.save.kind));
  const canvas = useRef<HTMLDivElement>(null);
  const { fitView, zoomIn, zoomOut } = useReactFlow();
  const jump = useJump();

  const reach = useMemo<Reach>(
    () => ({
      toPalette: () => {
        usePanels.setState({ drawer: "palette" });
        focusOn(".palette-search");
      },
      toFind: () => {
        focusOn("[data-find]");
      },
      toLinks: () => {
        usePanels.setState({ panel: "asset", drawer: "inspector" });
        focusOn("[data-link-from]");
      },
      fit: () => void fitView(FITTED),
      zoom: (by) => void (by === "in" ? zoomIn() : zoomOut()),
      tidy: () => void tidyUp(),
      menu: () => {
        useCanvas.setState({ menu: placeOfMenu() });
      },
      help: () => {
        setDialog("help");
      },
    }),
    [fitView, zoomIn, zoomOut],
  );
  const keys = useMemo(() => commands(reach), [reach]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (belongsToField(event.target) || event.defaultPrevented) return;
      const command = keys.find((each) => each.run && each.matches(event) && each.when());
      if (!command) return;
      event.preventDefault();
      command.run?.();
    };
    const place = root.current;
    if (!place) return;
    const stop = takeClipboard(place, belongsToField);
    place.addEventListener("keydown", onKey);
    return () => {
      stop();
      place.removeEventListener("keydown", onKey);
    };
  }, [keys]);
  useEffect(() => offerCommands(keys), [keys]);
  useEffect(() => {
    reachable.jump = jump;
  }, [jump]);
  useFocusKept(root);
  useEffect(() => {
    session.judge(); // once the draft is there to be seen
  }, [session]);

  const close = (): void => {
    setDialog(null);
    root.current?.focus();
  };

  return (
    <div
      ref={root}
      className="composer"
      data-drawer={drawer ?? "none"}
      data-view={isSheet ? "sheet" : "canvas"}
      tabIndex={-1}
    >
      <Bar
        reach={reach}
        canPublish={configuration.can_publish}
        back={configuration.urls.twin}
        versions={configuration.urls.versions}
        toggle={(name) => {
          usePanels.setState(({ drawer: open }) => ({ drawer: open === name ? null : name }));
        }}
        showFindings={() => {
          usePanels.setState({ panel: "findings", drawer: "inspector" });
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
              usePanels.setState({ drawer: null });
            }}
          />
        </aside>
      )}
      <div ref={canvas} className="composer-canvas">
        <Canvas />
        <OthersOnCanvas canvas={canvas} />
        <Tools list={keys} />
        <QuickAdd />
        <Menu list={keys} />
        <Notice />
        {empty && (
          <Guide
            canEdit={canEdit}
            gallery={configuration.urls.gallery}
            gateways={configuration.urls.gateways}
            toPalette={reach.toPalette}
          />
        )}
        <Suspense>
          {isFollowing && (
            <LiveLayer api={configuration.api} twin={configuration.twin} websocket={configuration.live} />
          )}
        </Suspense>
      </div>
      <Details api={configuration.api} session={session} />
      <Suspense>
        {isSheet && <Sheet />}
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
