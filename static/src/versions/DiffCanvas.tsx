import {
  Background,
  BaseEdge,
  Handle,
  Position,
  ReactFlow,
  useReactFlow,
  type Edge,
  type EdgeProps,
  type Node,
  type NodeProps,
} from "@xyflow/react";
import { memo, useEffect } from "react";
import { gettext } from "../common/gettext.ts";
import { linkPath } from "../common/linkpath.ts";
import { Icon } from "../composer/Icon.tsx";
import { ICON, kindWord, type Kind } from "./diff.ts";
import type { Drawing, DrawnLink, DrawnPart } from "./drawing.ts";

type PartNode = Node<DrawnPart, "part">;
type LinkEdge = Edge<DrawnLink, "link">;

const Part = memo(function Part({ data, selected }: NodeProps<PartNode>) {
  const { kind, ghost } = data;
  return (
    <div className={`drawn-part ${kind ? `change-${kind}` : ""}`} data-ghost={ghost || undefined} data-on={selected}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <span className="drawn-name">{data.name}</span>
      <span className="drawn-type">{ghost ? gettext("was here") : data.type}</span>
      {kind && !ghost && (
        <span className="drawn-kind">
          <Icon name={ICON[kind]} />
          {kindWord(kind)}
        </span>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
});

const Link = memo(function Link({
  sourceX,
  sourceY,
  targetX,
  targetY,
  sourcePosition,
  targetPosition,
  data,
}: EdgeProps<LinkEdge>) {
  const [path] = linkPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
  const kind: Kind | null = data?.kind ?? null;
  return <BaseEdge path={path} className={`drawn-link ${kind ? `change-${kind}` : ""}`} />;
});

const NODES = { part: Part };
const EDGES = { link: Link };

function Aim({ at }: { at: readonly string[] }) {
  const { fitView } = useReactFlow();
  useEffect(() => {
    if (at.length) void fitView({ nodes: at.map((id) => ({ id })), maxZoom: 1, padding: 0.4 });
  }, [at, fitView]);
  return null;
}

function labelOf({ name, kind, ghost }: DrawnPart): string {
  if (ghost) return gettext("{name} was here", { name });
  return kind ? `${name}, ${kindWord(kind)}` : name;
}

interface Options {
  drawing: Drawing;
  chosen: readonly string[];
  choose: (asset: string) => void;
  label: string;
}

/** A version, or what differs between two, on a canvas to look at. */
export function DiffCanvas({ drawing, chosen, choose, label }: Options) {
  const on = new Set(chosen);
  const nodes: PartNode[] = drawing.parts.map((part) => ({
    id: part.id,
    type: "part",
    position: { x: part.at[0], y: part.at[1] },
    data: part,
    selected: on.has(part.id),
    focusable: !part.ghost,
    selectable: !part.ghost,
    ariaLabel: labelOf(part),
    width: 184,
    height: part.kind && !part.ghost ? 76 : 56,
  }));
  const edges: LinkEdge[] = drawing.links.map((link) => ({
    id: link.id,
    type: "link",
    source: link.from,
    target: link.to,
    data: link,
    focusable: false,
  }));
  return (
    <ReactFlow<PartNode, LinkEdge>
      nodes={nodes}
      edges={edges}
      nodeTypes={NODES}
      edgeTypes={EDGES}
      nodesDraggable={false}
      nodesConnectable={false}
      deleteKeyCode={null}
      onlyRenderVisibleElements
      fitView
      fitViewOptions={{ maxZoom: 1, padding: 0.1 }}
      minZoom={0.02}
      maxZoom={2}
      proOptions={{ hideAttribution: true }}
      aria-label={label}
      onNodesChange={(changes) => {
        for (const change of changes) if (change.type === "select" && change.selected) choose(change.id);
      }}
    >
      <Background />
      <Aim at={chosen} />
    </ReactFlow>
  );
}
