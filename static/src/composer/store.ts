/** What the composer knows and what can be done in it; React only shows this. */
import { applyEdgeChanges, applyNodeChanges, type EdgeChange, type NodeChange } from "@xyflow/react";
import { create } from "zustand";
import { announce } from "../common/dom.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { uuid7 } from "../common/uuid7.ts";
import type { SaveState } from "./saving/autosave.ts";
import { inFlow, mayLink, reference, targets, type AssetType, type Types } from "./model/catalogue.ts";
import type { Draft, End, Finding, Operation, Position, TwinDocument } from "./model/document.ts";
import { freePlace, heightOf, snapped } from "./model/geometry.ts";
import { EMPTY, record, stepBack, stepForward, type History } from "./model/history.ts";
import { movesTo, withMembers } from "./canvas/moving.ts";
import { applyFitting, inverse, share } from "./model/operations.ts";
import { additions, KIND, nameIn, type Joined } from "./commands/quick.ts";
import { removing, selectedIds } from "./canvas/selection.ts";
import { edgesOf, nodesOf, originOf, type AssetView, type CanvasNode, type LinkView } from "./canvas/views.ts";

export interface Linking {
  from: End;
  /** `ASSET/PORT` of every end that the link may have. */
  allowed: ReadonlySet<string>;
  /** The assets that these ends belong to, and the one that the link comes from. */
  assets: ReadonlySet<string>;
}

export interface Composer {
  document: TwinDocument;
  findings: Finding[];
  /** Whether `findings` are known: a draft is shown before it is told what is wrong with it. */
  isJudged: boolean;
  types: Types;
  publishedVersion: number | null;
  canEdit: boolean;
  history: History;
  nodes: CanvasNode[];
  edges: LinkView[];
  save: SaveState;
  linking: Linking | null;
  /** What has its name edited on the canvas, by the id under which it is drawn. */
  renaming: string | null;
  /** Assets that the person has put where they are. */
  placed: ReadonlySet<string>;

  perform: (operations: Operation[], select?: Iterable<string>) => void;
  undo: () => void;
  redo: () => void;
  addAsset: (type: AssetType, at: Position, exactly: boolean, joined?: Joined) => string;
  removeSelected: () => void;
  startLinking: (from: End) => void;
  stopLinking: () => void;
  linkTo: (to: End) => void;
  link: (from: End, to: End) => void;
  rename: (id: string | null) => void;
  select: (ids: Iterable<string>) => void;
  changeNodes: (changes: NodeChange<CanvasNode>[]) => void;
  changeEdges: (changes: EdgeChange<LinkView>[]) => void;
  /** Another document than the person's own edits made it, with what is wrong with it. */
  receive: (document: TwinDocument, findings: Finding[]) => void;
}

export const NOTHING: TwinDocument = { name: "", assets: {}, links: {}, bindings: {}, groups: {}, notes: {} };

/** What a person counts as removed; that a group goes with its last asset is not said. */
const REMOVED: ReadonlySet<Operation["op"]> = new Set(["remove_asset", "unlink", "remove_note"]);

/** Who is told of the operations that were done here. */
export const outbox: { send: (operations: Operation[]) => void } = { send: () => undefined };

export const useComposer = create<Composer>((set, get) => {
  function show(document: TwinDocument, select: ReadonlySet<string> | null = null): void {
    const { types, findings, nodes, edges } = get();
    set({
      document,
      nodes: nodesOf(document, types, findings, nodes, select),
      edges: edgesOf(document, edges),
    });
  }

  function retrace(step: [History, Operation[]] | null, nothing: string, done: string): void {
    if (!step || !get().canEdit) {
      announce(nothing);
      return;
    }
    const [history, operations] = step;
    const [document, fitting] = applyFitting(get().document, operations);
    set({ history });
    show(document);
    outbox.send(fitting);
    announce(done);
  }

  function commitMoves(changes: NodeChange<CanvasNode>[]): void {
    const { document, nodes, placed, perform } = get();
    const wanted = new Map(
      changes.flatMap((change): [string, Position][] =>
        change.type === "position" && !change.dragging && change.position
          ? [[change.id, [change.position.x, change.position.y]]]
          : [],
      ),
    );
    if (wanted.size === 0) return;
    const moves = movesTo(document, originOf(nodes), wanted);
    if (moves.length === 0) return;
    set({ placed: new Set([...placed, ...moves.flatMap((move) => ("asset" in move ? [move.asset] : []))]) });
    perform(moves);
  }

  return {
    document: NOTHING,
    findings: [],
    isJudged: false,
    types: new Map(),
    publishedVersion: null,
    canEdit: false,
    history: EMPTY,
    nodes: [],
    edges: [],
    save: { kind: "saved" },
    linking: null,
    renaming: null,
    placed: new Set(),

    perform: (operations, select) => {
      const { document, history, canEdit } = get();
      if (!canEdit || operations.length === 0) return;
      const [after, fitting] = applyFitting(document, operations);
      const step = { forward: fitting, backward: inverse(document, fitting), at: Date.now() };
      set({ history: record(history, step) });
      show(after, select ? new Set(select) : null);
      outbox.send(fitting);
    },

    undo: () => {
      retrace(stepBack(get().history), gettext("There is nothing to undo."), gettext("Undone."));
    },

    redo: () => {
      retrace(stepForward(get().history), gettext("There is nothing to redo."), gettext("Done again."));
    },

    addAsset: (type, at, exactly, joined = {}) => {
      const { document, types, perform, placed } = get();
      const id = uuid7();
      const place = exactly ? snapped(at) : freePlace(document, at, heightOf(type));
      if (exactly) set({ placed: new Set([...placed, id]) });
      const making = { newId: () => uuid7(), language: window.document.documentElement.lang };
      const operations = additions(document, types, { id, type, at: place, ...joined }, making);
      perform(operations, [id]);
      announce(gettext("{name} was added.", { name: nameIn(operations, id) }));
      return id;
    },

    removeSelected: () => {
      const { document, nodes, edges, perform } = get();
      const links = edges.filter((edge) => edge.selected).flatMap((edge) => edge.data?.links ?? []);
      const operations = removing(document, selectedIds(nodes), links);
      perform(operations);
      const count = operations.filter(({ op }) => REMOVED.has(op)).length;
      if (count)
        announce(
          ngettext("{count} thing removed. Undo with Ctrl-Z.", "{count} things removed. Undo with Ctrl-Z.", count),
        );
    },

    startLinking: (from) => {
      const { document, types, canEdit } = get();
      if (!canEdit) return;
      const ends = targets(document, types, from);
      const allowed = new Set(ends.map((end) => end.join("/")));
      set({ linking: { from, allowed, assets: new Set([from[0], ...ends.map(([asset]) => asset)]) } });
      announce(ngettext("{count} port can be linked.", "{count} ports can be linked.", allowed.size));
    },

    stopLinking: () => {
      set({ linking: null });
    },

    linkTo: (to) => {
      const { linking, link } = get();
      if (linking) link(linking.from, to);
      set({ linking: null });
    },

    link: (one, other) => {
      const { document, types, perform } = get();
      if (!mayLink(document, types, one, other)) return;
      const [from, to] = inFlow(one, other);
      perform([{ op: "link", link: uuid7(), from, to, kind: KIND }]);
      announce(
        gettext("{name} is linked to {other}.", {
          name: document.assets[from[0]]?.name ?? "",
          other: document.assets[to[0]]?.name ?? "",
        }),
      );
    },

    rename: (id) => {
      set({ renaming: get().canEdit ? id : null });
    },

    select: (ids) => {
      const wanted = new Set(ids);
      set(({ nodes, edges }) => ({
        nodes: nodes.map((node) =>
          (node.selected ?? false) === wanted.has(node.id) ? node : { ...node, selected: wanted.has(node.id) },
        ),
        edges: edges.map((edge) =>
          (edge.selected ?? false) === wanted.has(edge.id) ? edge : { ...edge, selected: wanted.has(edge.id) },
        ),
      }));
    },

    changeNodes: (changes) => {
      const whole = withMembers(changes, get().nodes);
      set(({ nodes }) => ({ nodes: applyNodeChanges(whole, nodes) }));
      commitMoves(whole);
    },

    changeEdges: (changes) => {
      set(({ edges }) => ({ edges: applyEdgeChanges(changes, edges) }));
    },

    receive: (document, findings) => {
      set({ findings });
      show(share(get().document, document));
    },
  };
});

/** Starts with a draft that was loaded. */
export function open(draft: Draft, types: AssetType[], canEdit: boolean, placed: Iterable<string>): void {
  useComposer.setState({
    types: new Map(types.map((type) => [reference(type), type])),
    canEdit,
    publishedVersion: draft.published_version,
    isJudged: draft.findings_mark !== "",
    placed: new Set(placed),
  });
  useComposer.getState().receive(draft.document, draft.findings);
}

export type { AssetView, CanvasNode, LinkView };
