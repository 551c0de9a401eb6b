/**
 * What pressing, dragging and dropping on the canvas does. One object for all time: with other functions React Flow
 * would draw each of thousands of assets anew whenever one of them moves.
 */
import type { Connection, Edge, NodeChange, ReactFlowProps } from "@xyflow/react";
import type { DragEvent, MouseEvent } from "react";
import { withGuides } from "../arranging/arranging.ts";
import { DRAGGED } from "../commands/Palette.tsx";
import { mayLink } from "../model/catalogue.ts";
import type { End } from "../model/document.ts";
import { GRID, WIDTH } from "../model/geometry.ts";
import { useComposer, type CanvasNode, type LinkView } from "../store.ts";
import { lens, openAdding, useCanvas, type Point } from "./canvas.ts";
import { imageAmong } from "./images.ts";
import { addImage } from "./noting.ts";
import { noteOf } from "./selection.ts";

const ends = (link: Connection | Edge): [End, End] => [
  [link.source, link.sourceHandle ?? ""],
  [link.target, link.targetHandle ?? ""],
];

export const pointOf = (event: { clientX: number; clientY: number }): Point => [event.clientX, event.clientY];

/** Where a pointer or a finger was let go. */
function endOf(event: globalThis.MouseEvent | TouchEvent): Point {
  const [touch] = "changedTouches" in event ? event.changedTouches : [];
  return pointOf(touch ?? (event as globalThis.MouseEvent));
}

/** Opens the menu where it was asked for; what lies there is selected first, unless it is already. */
export function openMenu(event: MouseEvent): void {
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
export function openThere(event: MouseEvent): void {
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

function drop(event: DragEvent): void {
  event.preventDefault();
  const image = imageAmong(event.dataTransfer.files);
  if (image) void addImage(image, pointOf(event));
  const { types, addAsset } = useComposer.getState();
  const type = types.get(event.dataTransfer.getData(DRAGGED));
  if (!type) return;
  const [x, y] = lens.toCanvas(pointOf(event));
  addAsset(type, [x - WIDTH / 2, y - GRID], true);
}

export const GESTURES = {
  onNodesChange: (changes: NodeChange<CanvasNode>[]) => {
    useComposer.getState().changeNodes(withGuides(changes));
  },
  onEdgesChange: (changes) => {
    useComposer.getState().changeEdges(changes);
  },
  onNodeClick: (_event, node) => {
    linkToOnly(node.id);
  },
  onConnectStart: (_event, { nodeId, handleId }) => {
    if (nodeId && handleId) useComposer.getState().startLinking([nodeId, handleId]);
  },
  onConnect: (link) => {
    useComposer.getState().link(...ends(link));
  },
  onConnectEnd: (event, { fromHandle, toHandle, toNode }) => {
    useComposer.getState().stopLinking();
    // Let go over nothing: what is to be there is asked for, and linked.
    if (fromHandle?.id && !toHandle && !toNode)
      openAdding({ point: endOf(event), from: [fromHandle.nodeId, fromHandle.id] });
  },
  onPaneClick: (event) => {
    const { linking, stopLinking } = useComposer.getState();
    stopLinking();
    if (linking) openAdding({ point: pointOf(event), from: linking.from });
  },
  onDragOver: (event) => {
    event.preventDefault();
  },
  onDrop: drop,
  isValidConnection: (link) => {
    const { document, types } = useComposer.getState();
    return mayLink(document, types, ...ends(link));
  },
} satisfies Partial<ReactFlowProps<CanvasNode, LinkView>>;
