import "./canvas.css";
import {
  ConnectionMode,
  MarkerType,
  ReactFlow,
  SelectionMode,
  useReactFlow,
  useStore,
  useStoreApi,
  type Connection,
  type Edge,
  type NodeChange,
} from "@xyflow/react";
import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type DragEvent,
  type MouseEvent,
} from "react";
import { gettext } from "../../common/gettext.ts";
import { withGuides } from "../arranging/arranging.ts";
import { AssetNode } from "./AssetNode.tsx";
import { lens, openAdding, useCanvas, type Point } from "./canvas.ts";
import { mayLink } from "../model/catalogue.ts";
import { CanEditContext, FarContext, LinkingContext, RenamingContext, WritingContext } from "./contexts.ts";
import type { End } from "../model/document.ts";
import { GRID, WIDTH } from "../model/geometry.ts";
import { FarLinks } from "./FarLinks.tsx";
import { FrameNode, GroupNode } from "./GroupNode.tsx";
import { Guides } from "./Guides.tsx";
import { imageAmong } from "./images.ts";
import { LinkEdge } from "./LinkEdge.tsx";
import { NoteNode } from "./NoteNode.tsx";
import { addImage } from "./noting.ts";
import { Overview } from "./Overview.tsx";
import { DRAGGED } from "../commands/Palette.tsx";
import { MANY, openingView } from "./opening.ts";
import { noteOf } from "./selection.ts";
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

function sightOf(far: boolean, bare: boolean): "near" | "far" | "bare" {
  if (bare) return "bare";
  return far ? "far" : "near";
}

function changeNodes(changes: NodeChange<CanvasNode>[]): void {
  useComposer.getState().changeNodes(withGuides(changes));
}

const ends = (link: Connection | Edge): [End, End] => [
  [link.source, link.sourceHandle ?? ""],
  [link.target, link.targetHandle ?? ""],
];

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

const pointOf = (event: { clientX: number; clientY: number }): Point => [event.clientX, event.clientY];

/** Where a pointer or a finger was let go. */
function endOf(event: globalThis.MouseEvent | TouchEvent): Point {
  const [touch] = "changedTouches" in event ? event.changedTouches : [];
  return pointOf(touch ?? (event as globalThis.MouseEvent));
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

/** Opens the menu where it was asked for; what lies there is selected first, unless it is already. */
function openMenu(event: MouseEvent): void {
  const target = event.target as Element;
  if (target.closest("input, textarea")) return;
  event.preventDefault();
  if (useCanvas.getState().menu) return;
  const id = target.closest<HTMLElement>(".react-flow__node, .react-flow__edge")?.dataset.id;
  const { nodes, edges, select } = useComposer.getState();
  if (id === undefined) {
    if (!target.closest(".react-flow__nodesselection")) select([]);
  } else if (![...nodes, ...edges].some((each) => each.id === id && each.selected)) select([id]);
  useCanvas.setState({ menu: pointOf(event) });
}

/** Double click: names what lies there, writes in a note, adds an asset to the empty canvas. */
function openThere(event: MouseEvent): void {
  const target = event.target as Element;
  const { canEdit, rename } = useComposer.getState();
  if (!canEdit || target.closest("input, textarea, button")) return;
  const id = target.closest<HTMLElement>(".react-flow__node")?.dataset.id;
  const note = noteOf(id ?? "");
  if (note !== null) useCanvas.setState({ writing: note });
  else if (id !== undefined) rename(id);
  else if (target.closest(".react-flow__pane")) openAdding({ point: pointOf(event) });
}

/** While linking, pressing an asset stands for pressing its port, if just one of them may be linked. */
function linkToOnly(asset: string): void {
  const { linking, linkTo } = useComposer.getState();
  const ports = [...(linking?.allowed ?? [])].filter((end) => end.startsWith(`${asset}/`));
  const [port] = ports;
  if (port && ports.length === 1) linkTo([asset, port.slice(asset.length + 1)]);
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
  const { screenToFlowPosition } = useReactFlow();
  const selecting = useCanvas((state) => state.selecting);
  const writing = useCanvas((state) => state.writing);
  // Of an empty twin the first asset would be moved to the middle, away from where it was put.
  const [isFilled] = useState(nodes.length > 0);
  const [opening] = useState(() => openingView(nodes));
  const field = useRef<HTMLDivElement>(null);
  const actions = useComposer.getState();
  useLens(field);
  useAddingClicks(selecting);

  const isValid = useCallback((link: Connection | Edge) => {
    const { document, types } = useComposer.getState();
    return mayLink(document, types, ...ends(link));
  }, []);

  useEffect(() => {
    // Ports that were not drawn have been measured as missing; React Flow reads them anew from new nodes.
    if (!bare) useComposer.setState(({ nodes: all }) => ({ nodes: all.map((node) => ({ ...node })) }));
  }, [bare]);

  const drop = (event: DragEvent): void => {
    event.preventDefault();
    const image = imageAmong(event.dataTransfer.files);
    if (image) void addImage(image, pointOf(event));
    const type = useComposer.getState().types.get(event.dataTransfer.getData(DRAGGED));
    if (!type) return;
    const { x, y } = screenToFlowPosition({ x: event.clientX, y: event.clientY });
    actions.addAsset(type, [x - WIDTH / 2, y - GRID], true);
  };

  const edgeDefaults = useMemo(() => ({ markerEnd: { type: MarkerType.ArrowClosed, color: "currentColor" } }), []);

  return (
    <CanEditContext value={canEdit}>
      <FarContext value={sightOf(far, bare)}>
        <LinkingContext value={linking}>
          <RenamingContext value={renaming}>
            <WritingContext value={writing}>
              <div
                ref={field}
                className={selecting ? "canvas-field is-selecting" : "canvas-field"}
                onContextMenu={openMenu}
                onDoubleClick={openThere}
              >
                {!far && <Grid />}
                {bare && <FarLinks />}
                <ReactFlow<CanvasNode, LinkView>
                  className={tiny ? "is-tiny" : ""}
                  nodes={nodes}
                  edges={bare ? NO_EDGES : edges}
                  nodeTypes={nodeTypes}
                  edgeTypes={edgeTypes}
                  defaultEdgeOptions={edgeDefaults}
                  onNodesChange={changeNodes}
                  onEdgesChange={actions.changeEdges}
                  onNodeClick={(_event, node) => {
                    linkToOnly(node.id);
                  }}
                  onConnectStart={(_event, { nodeId, handleId }) => {
                    if (nodeId && handleId) actions.startLinking([nodeId, handleId]);
                  }}
                  onConnect={(link) => {
                    actions.link(...ends(link));
                  }}
                  onConnectEnd={(event, { fromHandle, toHandle, toNode }) => {
                    actions.stopLinking();
                    // Let go over nothing: what is to be there is asked for, and linked.
                    if (fromHandle?.id && !toHandle && !toNode)
                      openAdding({ point: endOf(event), from: [fromHandle.nodeId, fromHandle.id] });
                  }}
                  onPaneClick={(event) => {
                    const from = useComposer.getState().linking?.from;
                    actions.stopLinking();
                    if (from) openAdding({ point: pointOf(event), from });
                  }}
                  onDragOver={(event) => {
                    event.preventDefault();
                  }}
                  onDrop={drop}
                  isValidConnection={isValid}
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
                  snapGrid={[GRID, GRID]}
                  minZoom={0.04}
                  maxZoom={2}
                  fitView={isFilled}
                  fitViewOptions={opening}
                  onlyRenderVisibleElements
                  ariaLabelConfig={WORDS}
                  zoomOnDoubleClick={false}
                >
                  <Guides />
                </ReactFlow>
                <Overview />
              </div>
            </WritingContext>
          </RenamingContext>
        </LinkingContext>
      </FarContext>
    </CanEditContext>
  );
}
