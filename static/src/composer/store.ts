/** What the composer knows and what can be done in it; React only shows this. */
import { applyEdgeChanges, applyNodeChanges, type EdgeChange, type NodeChange } from "@xyflow/react";
import { create } from "zustand";
import { announce } from "../common/dom.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { uuid7 } from "../common/uuid7.ts";
import type { SaveState } from "./autosave.ts";
import { inFlow, inLanguage, mayLink, nextName, reference, targets, type AssetType, type Types } from "./catalogue.ts";
import type { Draft, End, Finding, Operation, Position, TwinDocument } from "./document.ts";
import { freePlace, heightOf, snapped } from "./geometry.ts";
import { EMPTY, record, stepBack, stepForward, type History } from "./history.ts";
import { applyFitting, inverse, share } from "./operations.ts";
import { edgesOf, nodesOf, type AssetView, type LinkView } from "./views.ts";

/** What links are called when nobody says otherwise. */
const KIND = "feeds";

export interface Linking {
  from: End;
  /** `ASSET/PORT` of every end that the link may have. */
  allowed: ReadonlySet<string>;
}

export interface Composer {
  document: TwinDocument;
  findings: Finding[];
  types: Types;
  publishedVersion: number | null;
  canEdit: boolean;
  history: History;
  nodes: AssetView[];
  edges: LinkView[];
  save: SaveState;
  linking: Linking | null;
  /** The asset whose name is being edited on the canvas. */
  renaming: string | null;
  /** Assets that the person has put where they are. */
  placed: ReadonlySet<string>;

  perform: (operations: Operation[], select?: Iterable<string>) => void;
  undo: () => void;
  redo: () => void;
  addAsset: (type: AssetType, at: Position, exactly: boolean) => string;
  removeSelected: () => void;
  startLinking: (from: End) => void;
  stopLinking: () => void;
  linkTo: (to: End) => void;
  link: (from: End, to: End) => void;
  rename: (id: string | null) => void;
  select: (ids: Iterable<string>) => void;
  changeNodes: (changes: NodeChange<AssetView>[]) => void;
  changeEdges: (changes: EdgeChange<LinkView>[]) => void;
  /** Another document than the person's own edits made it, with what is wrong with it. */
  receive: (document: TwinDocument, findings: Finding[]) => void;
}

export const NOTHING: TwinDocument = { name: "", assets: {}, links: {}, bindings: {} };

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

  function commitMoves(changes: NodeChange<AssetView>[]): void {
    const { document, placed, perform } = get();
    const moves = changes.flatMap((change): Operation[] => {
      if (change.type !== "position" || change.dragging || !change.position) return [];
      const at: Position = [Math.round(change.position.x), Math.round(change.position.y)];
      const now = document.assets[change.id]?.at;
      return now && (now[0] !== at[0] || now[1] !== at[1]) ? [{ op: "move", asset: change.id, at }] : [];
    });
    if (moves.length === 0) return;
    set({ placed: new Set([...placed, ...moves.map((move) => ("asset" in move ? move.asset : ""))]) });
    perform(moves);
  }

  return {
    document: NOTHING,
    findings: [],
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

    addAsset: (type, at, exactly) => {
      const { document, perform, placed } = get();
      const id = uuid7();
      const name = nextName(document, inLanguage(type.name, window.document.documentElement.lang));
      const place = exactly ? snapped(at) : freePlace(document, at, heightOf(type));
      if (exactly) set({ placed: new Set([...placed, id]) });
      perform([{ op: "add_asset", asset: id, type: reference(type), name, at: place, properties: {} }], [id]);
      announce(gettext("{name} was added.", { name }));
      return id;
    },

    removeSelected: () => {
      const { nodes, edges, perform } = get();
      const assets = new Set(nodes.filter((node) => node.selected).map((node) => node.id));
      const links = edges.filter((edge) => edge.selected && !assets.has(edge.source) && !assets.has(edge.target));
      perform([
        ...links.map(({ id }): Operation => ({ op: "unlink", link: id })),
        ...[...assets].map((asset): Operation => ({ op: "remove_asset", asset })),
      ]);
      const count = assets.size + links.length;
      if (count)
        announce(
          ngettext("{count} thing removed. Undo with Ctrl-Z.", "{count} things removed. Undo with Ctrl-Z.", count),
        );
    },

    startLinking: (from) => {
      const { document, types, canEdit } = get();
      if (!canEdit) return;
      const allowed = new Set(targets(document, types, from).map((end) => end.join("/")));
      set({ linking: { from, allowed } });
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
      set(({ nodes }) => ({ nodes: applyNodeChanges(changes, nodes) }));
      commitMoves(changes);
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
    placed: new Set(placed),
  });
  useComposer.getState().receive(draft.document, draft.findings);
}

export type { AssetView, LinkView };
