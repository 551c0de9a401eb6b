import {
  ConnectionMode,
  MarkerType,
  ReactFlow,
  useReactFlow,
  useStore,
  useStoreApi,
  type Connection,
  type Edge,
} from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, type DragEvent } from "react";
import { gettext } from "../common/gettext.ts";
import { AssetNode, FarContext, LinkingContext, RenamingContext } from "./AssetNode.tsx";
import { mayLink } from "./catalogue.ts";
import type { End } from "./document.ts";
import { GRID, WIDTH } from "./geometry.ts";
import { FarLinks } from "./FarLinks.tsx";
import { LinkEdge } from "./LinkEdge.tsx";
import { Overview } from "./Overview.tsx";
import { DRAGGED } from "./Palette.tsx";
import { useComposer, type AssetView, type LinkView } from "./store.ts";

const nodeTypes = { asset: AssetNode };
const edgeTypes = { link: LinkEdge };
/** Below this zoom an asset is a box with its name. */
const FAR = 0.35;
/** A twin of more assets than this is drawn without ports and single links from far away. */
const MANY = 200;
/** Below this zoom a name cannot be read either. */
const TINY = 0.12;
const NO_EDGES: LinkView[] = [];

const ends = (link: Connection | Edge): [End, End] => [
  [link.source, link.sourceHandle ?? ""],
  [link.target, link.targetHandle ?? ""],
];

const WORDS = {
  "node.a11yDescription.default": gettext("Press Enter to select the asset, F2 to rename it, Delete to remove it."),
  "node.a11yDescription.keyboardDisabled": gettext(
    "Press Enter to select the asset. Then the arrow keys move it, F2 renames it, C links it, Delete removes it.",
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
  const actions = useComposer.getState();

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
    const type = useComposer.getState().types.get(event.dataTransfer.getData(DRAGGED));
    if (!type) return;
    const { x, y } = screenToFlowPosition({ x: event.clientX, y: event.clientY });
    actions.addAsset(type, [x - WIDTH / 2, y - GRID], true);
  };

  const edgeDefaults = useMemo(() => ({ markerEnd: { type: MarkerType.ArrowClosed, color: "currentColor" } }), []);

  return (
    <FarContext value={bare ? "bare" : far ? "far" : "near"}>
      <LinkingContext value={linking}>
        <RenamingContext value={renaming}>
          {!far && <Grid />}
          {bare && <FarLinks />}
          <ReactFlow<AssetView, LinkView>
            className={tiny ? "is-tiny" : ""}
            nodes={nodes}
            edges={bare ? NO_EDGES : edges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            defaultEdgeOptions={edgeDefaults}
            onNodesChange={actions.changeNodes}
            onEdgesChange={actions.changeEdges}
            onNodeClick={(_event, node) => {
              linkToOnly(node.id);
            }}
            onNodeDoubleClick={(_event, node) => {
              actions.rename(node.id);
            }}
            onConnectStart={(_event, { nodeId, handleId }) => {
              if (nodeId && handleId) actions.startLinking([nodeId, handleId]);
            }}
            onConnect={(link) => {
              actions.link(...ends(link));
            }}
            onConnectEnd={() => {
              actions.stopLinking();
            }}
            onPaneClick={() => {
              actions.stopLinking();
            }}
            onDragOver={(event) => {
              event.preventDefault();
            }}
            onDrop={drop}
            isValidConnection={isValid}
            connectionMode={ConnectionMode.Loose}
            connectOnClick={false}
            nodesDraggable={canEdit}
            nodesConnectable={canEdit}
            deleteKeyCode={null}
            snapToGrid
            snapGrid={[GRID, GRID]}
            minZoom={0.04}
            maxZoom={2}
            fitView
            fitViewOptions={{ maxZoom: 1, padding: 0.15 }}
            onlyRenderVisibleElements
            ariaLabelConfig={WORDS}
            zoomOnDoubleClick={false}
          ></ReactFlow>
          <Overview />
        </RenamingContext>
      </LinkingContext>
    </FarContext>
  );
}
