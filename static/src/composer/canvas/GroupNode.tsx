import "./groups.css";
import { Handle, Position as Side, type NodeProps } from "@xyflow/react";
import { memo, useContext } from "react";
import { gettext, ngettext } from "../../common/gettext.ts";
import { FarContext, RenamingContext } from "./contexts.ts";
import { collapse } from "../commands/editing.ts";
import { HEAD } from "../model/geometry.ts";
import { IN, OUT } from "../model/groups.ts";
import { Icon } from "../Icon.tsx";
import { GroupLive } from "../live/GroupLive.tsx";
import { Marks } from "./Marks.tsx";
import { NameField } from "../details/NameField.tsx";
import type { FrameView, GroupView } from "./parts.ts";
import { useComposer } from "../store.ts";

function Name({ id, group, name }: { id: string; group: string; name: string }) {
  const renaming = useContext(RenamingContext) === id;
  if (!renaming) return <div className="asset-name">{name}</div>;
  return (
    <NameField
      name={name}
      save={(wanted) => {
        useComposer.getState().perform([{ op: "rename_group", group, name: wanted }]);
      }}
    />
  );
}

interface Fold {
  group: string;
  name: string;
  collapsed: boolean;
}

/** The button that collapses a group, or expands it. */
function FoldButton({ group, name, collapsed }: Fold) {
  const words = collapsed ? gettext("Expand {name}", { name }) : gettext("Collapse {name}", { name });
  return (
    <button
      type="button"
      className="group-fold nodrag nopan"
      aria-label={words}
      title={`${words} (E)`}
      onClick={(event) => {
        event.stopPropagation();
        collapse([group], !collapsed);
      }}
    >
      <Icon name={collapsed ? "fold-down" : "fold-up"} />
    </button>
  );
}

function count(assets: number): string {
  return ngettext("{count} asset", "{count} assets", assets);
}

/** A collapsed group: one box for all that belongs to it, with how much is wrong with any of it. */
export const GroupNode = memo(function GroupNode({ id, data, selected }: NodeProps<GroupView>) {
  const far = useContext(FarContext);
  const look = [
    "asset",
    "group",
    selected && "asset-selected",
    data.errors > 0 && "asset-wrong",
    far !== "near" && "asset-far",
  ];
  return (
    <div className={look.filter(Boolean).join(" ")}>
      {far !== "near" ? (
        <div className="asset-name">{data.name}</div>
      ) : (
        <>
          <div className="asset-head">
            <Icon name="folder" />
            <div className="asset-words">
              <Name id={id} group={data.group} name={data.name} />
              <div className="asset-type">{gettext("Group")}</div>
            </div>
            <Marks errors={data.errors} hints={data.hints} />
          </div>
          <div className="group-foot">
            <FoldButton group={data.group} name={data.name} collapsed />
            <small>{count(data.count)}</small>
          </div>
        </>
      )}
      {far !== "bare" && <GroupLive group={data.group} count={data.count} />}
      {far !== "bare" && (
        <>
          <Handle
            id={IN}
            type="source"
            position={Side.Left}
            className="port"
            isConnectable={false}
            style={{ top: HEAD / 2 }}
          />
          <Handle
            id={OUT}
            type="source"
            position={Side.Right}
            className="port"
            isConnectable={false}
            style={{ top: HEAD / 2 }}
          />
        </>
      )}
    </div>
  );
});

/** What lies around the assets of a group that is open; its name is what it is taken by. */
export const FrameNode = memo(function FrameNode({ id, data, selected }: NodeProps<FrameView>) {
  const far = useContext(FarContext) !== "near";
  return (
    <div className={["frame", selected && "frame-selected", far && "frame-far"].filter(Boolean).join(" ")}>
      <div className="frame-title">
        {!far && <FoldButton group={data.group} name={data.name} collapsed={false} />}
        <Name id={id} group={data.group} name={data.name} />
        {!far && <small>{count(data.count)}</small>}
      </div>
    </div>
  );
});
