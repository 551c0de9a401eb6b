import "./canvas.css";
import {
  ConnectionMode,
  MarkerType,
  ReactFlow,
  SelectionMode,
  useStore,
  useStoreApi,
  type Viewport,
} from "@xyflow/react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { AssetNode } from "./AssetNode.tsx";
import { lens, useCanvas } from "./canvas.ts";
import { CanEditContext, FarContext, LinkingContext, RenamingContext, WritingContext } from "./contexts.ts";
import { GRID } from "../model/geometry.ts";
import { FarLinks } from "./FarLinks.tsx";
import { GESTURES, openMenu, openThere, pointOf } from "./gestures.ts";
import { FrameNode, GroupNode } from "./GroupNode.tsx";
import { Guides } from "./Guides.tsx";
import { LinkEdge } from "./LinkEdge.tsx";
import { NoteNode } from "./NoteNode.tsx";
import { Overview } from "./Overview.tsx";
import { LEAST_ZOOM, MANY, openingView } from "./opening.ts";
import { useComposer, type CanvasNode, type LinkView } from "../store.ts";

const nodeTypes = { asset: AssetNode, group: GroupNode, frame: FrameNode, note: NoteNode };
const edgeTypes = { link: LinkEdge };
/** Below this zoom an asset is a box with its name. */
const FAR = 0.35;
/** What still moves the canvas while dragging selects. */
const MIDDLE_BUTTON = [1];
/** Below this zoom a name cannot be read either. */
const TINY = 0.12;
const NO_EDGES: LinkView[] = [];
const EDGE_DEFAULTS = { markerEnd: { type: MarkerType.ArrowClosed, color: "currentColor" } };
const SNAP: [number, number] = [GRID, GRID];

function sightOf(far: boolean, bare: boolean): "near" | "far" | "bare" {
  if (bare) return "bare";
  return far ? "far" : "near";
}

const WORDS = {
  "node.a11yDescription.default": gettext("Press Enter to select the asset, F2 to rename it, Delete to remove it."),
  "node.a11yDescription.keyboardDisabled": gettext(
    "Press Enter to select it. Then the arrow keys move it, F2 renames it, C links it, Delete removes it, Shift F10 opens its menu.",
  ),
  "node.a11yDescription.ariaLiveMessage": ({ x, y }: { x: number; y: number }) =>
    gettext("Moved to {x}, {y}.", { x: Math.round(x), y: Math.round(y) }),
  "edge.a11yDescription.default": gettext("Press Enter to select the link, then Delete to remove it."),
};

/** The dots of the grid, moved along with the canvas without drawing anything anew. */
function Grid() {
  const grid = useRef<HTMLDivElement>(null);
  const flow = useStoreApi();
  useEffect(() => {
    const follow = (): void => {
      const [x, y, zoom] = flow.getState().transform;
      const style = grid.current?.style;
      if (!style) return;
      style.backgroundPosition = `${x}px ${y}px`;
      style.backgroundSize = `${GRID * zoom}px ${GRID * zoom}px`;
    };
    follow();
    return flow.subscribe(follow);
  }, [flow]);
  return <div ref={grid} className="composer-grid" />;
}

/** Keeps the lens true: where the canvas is in the window, and where the pointer is over it. */
function useLens(place: React.RefObject<HTMLDivElement | null>): void {
  const flow = useStoreApi();
  // Before the first click can come; React Flow itself knows where it is only some time after it is drawn.
  useLayoutEffect(() => {
    const field = place.current;
    if (!field) return;
    lens.toCanvas = ([x, y]) => {
      const { left, top } = field.getBoundingClientRect();
      const [right, down, zoom] = flow.getState().transform;
      return [(x - left - right) / zoom, (y - top - down) / zoom];
    };
    lens.frame = () => field.getBoundingClientRect();
    const follow = (event: PointerEvent): void => {
      lens.pointer = event.pointerType === "mouse" ? pointOf(event) : null;
    };
    const leave = (): void => {
      lens.pointer = null;
    };
    field.addEventListener("pointermove", follow);
    field.addEventListener("pointerleave", leave);
    return () => {
      field.removeEventListener("pointermove", follow);
      field.removeEventListener("pointerleave", leave);
    };
  }, [place, flow]);
}

/** While selecting, every click adds to what is selected, as it does with Ctrl held. */
function useAddingClicks(selecting: boolean): void {
  const flow = useStoreApi();
  useEffect(() => {
    if (!selecting) return;
    const hold = (): void => {
      if (!flow.getState().multiSelectionActive) flow.setState({ multiSelectionActive: true });
    };
    hold();
    const stop = flow.subscribe(hold);
    return () => {
      stop();
      flow.setState({ multiSelectionActive: false });
    };
  }, [selecting, flow]);
}

/** The canvas, and the view to open with, which is not there until the canvas was given to `attach`. */
function useField() {
  const field = useRef<HTMLDivElement>(null);
  const [opening, setOpening] = useState<Viewport | null>(null);
  const attach = useCallback((place: HTMLDivElement | null): void => {
    field.current = place;
    if (!place) return;
    const { width, height } = place.getBoundingClientRect();
    setOpening(openingView(useComposer.getState().nodes, width, height));
  }, []);
  return { field, opening, attach };
}

/** Has React Flow read ports anew after they were not drawn, which it measured as missing: it does with new nodes. */
function usePorts(bare: boolean): void {
  const were = useRef(true);
  useEffect(() => {
    if (!bare && !were.current) useComposer.setState(({ nodes }) => ({ nodes: nodes.map((node) => ({ ...node })) }));
    were.current = !bare;
  }, [bare]);
}

/** The canvas itself: where assets lie and what joins them. */
export function Canvas() {
  const nodes = useComposer((state) => state.nodes);
  const edges = useComposer((state) => state.edges);
  const linking = useComposer((state) => state.linking);
  const renaming = useComposer((state) => state.renaming);
  const canEdit = useComposer((state) => state.canEdit);
  const far = useStore((state) => state.transform[2] < FAR);
  const tiny = useStore((state) => state.transform[2] < TINY);
  const bare = far && nodes.length > MANY;
  const selecting = useCanvas((state) => state.selecting);
  const writing = useCanvas((state) => state.writing);
  const { field, opening, attach } = useField();
  useLens(field);
  useAddingClicks(selecting);
  usePorts(bare);

  return (
    <CanEditContext value={canEdit}>
      <FarContext value={sightOf(far, bare)}>
        <LinkingContext value={linking}>
          <RenamingContext value={renaming}>
            <WritingContext value={writing}>
              <div
                ref={attach}
                className={selecting ? "canvas-field is-selecting" : "canvas-field"}
                onContextMenu={openMenu}
                onDoubleClick={openThere}
              >
                {!far && <Grid />}
                {bare && <FarLinks />}
                {opening && (
                  <ReactFlow<CanvasNode, LinkView>
                    className={tiny ? "is-tiny" : ""}
                    nodes={nodes}
                    edges={bare ? NO_EDGES : edges}
                    nodeTypes={nodeTypes}
                    edgeTypes={edgeTypes}
                    defaultEdgeOptions={EDGE_DEFAULTS}
                    {...GESTURES}
                    connectionMode={ConnectionMode.Loose}
                    connectOnClick={false}
                    connectionDragThreshold={4}
                    nodesDraggable={canEdit}
                    nodesConnectable={canEdit}
                    elevateNodesOnSelect={false}
                    selectionOnDrag={selecting}
                    selectionMode={selecting ? SelectionMode.Partial : SelectionMode.Full}
                    panOnDrag={selecting ? MIDDLE_BUTTON : true}
                    deleteKeyCode={null}
                    snapToGrid
                    snapGrid={SNAP}
                    minZoom={LEAST_ZOOM}
                    maxZoom={2}
                    defaultViewport={opening}
                    onlyRenderVisibleElements
                    ariaLabelConfig={WORDS}
                    zoomOnDoubleClick={false}
                  >
                    <Guides />
                  </ReactFlow>
                )}
                <Overview />
              </div>
            </WritingContext>
          </RenamingContext>
        </LinkingContext>
      </FarContext>
    </CanEditContext>
  );
}
