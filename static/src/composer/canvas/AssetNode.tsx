import "./asset.css";
import { Handle, Position as Side, type NodeProps } from "@xyflow/react";
import { memo, useContext } from "react";
import { gettext } from "../../common/gettext.ts";
import { inLanguage } from "../model/catalogue.ts";
import { FarContext, LinkingContext, RenamingContext } from "./contexts.ts";
import { placedPorts, type PlacedPort } from "../model/geometry.ts";
import { Icon, TypeIcon } from "../Icon.tsx";
import { NodeLive } from "../live/NodeLive.tsx";
import { Marks } from "./Marks.tsx";
import { NameField } from "../details/NameField.tsx";
import { useComposer, type AssetView, type Linking } from "../store.ts";

const language = document.documentElement.lang;

function portLook(linking: Linking | null, end: string): string {
  if (!linking) return "port";
  if (linking.allowed.has(end)) return "port port-allowed";
  return linking.from.join("/") === end ? "port port-from" : "port port-closed";
}

function PortHandle({ id, port }: { id: string; port: PlacedPort }) {
  const linking = useContext(LinkingContext);
  const look = portLook(linking, `${id}/${port.name}`);
  return (
    <Handle
      id={port.name}
      type="source"
      position={port.side === "left" ? Side.Left : Side.Right}
      className={look}
      style={{ top: port.y }}
      title={port.name}
      onClick={(event) => {
        // The asset around it would take the same click for one on itself.
        event.stopPropagation();
        const { linking: current, linkTo, startLinking } = useComposer.getState();
        if (current) linkTo([id, port.name]);
        else startLinking([id, port.name]);
      }}
    />
  );
}

function Body({ id, data }: { id: string; data: AssetView["data"] }) {
  const renaming = useContext(RenamingContext) === id;
  const { asset, type } = data;
  return (
    <>
      <div className="asset-head">
        <TypeIcon icon={type?.icon} />
        <div className="asset-words">
          {renaming ? (
            <NameField
              name={asset.name}
              save={(name) => {
                useComposer.getState().perform([{ op: "rename", asset: id, name }]);
              }}
            />
          ) : (
            <div className="asset-name">{asset.name}</div>
          )}
          <div className="asset-type">{type ? inLanguage(type.name, language) : asset.type}</div>
        </div>
        {asset.part_of && (
          <span className="asset-mark" title={gettext("Component of another asset")}>
            <Icon name="puzzle" />
          </span>
        )}
        <Marks errors={data.errors} hints={data.hints} />
      </div>
      {placedPorts(type).map((port) => (
        <span key={port.name} className={`port-name port-name-${port.side}`} style={{ top: port.y }}>
          {port.name.replaceAll("_", " ")}
        </span>
      ))}
    </>
  );
}

/** One asset on the canvas. From far away it is a box with its name. */
export const AssetNode = memo(function AssetNode({ id, data, selected }: NodeProps<AssetView>) {
  const far = useContext(FarContext);
  const linking = useContext(LinkingContext);
  const look = [
    "asset",
    selected && "asset-selected",
    data.errors > 0 && "asset-wrong",
    far !== "near" && "asset-far",
    linking && !linking.assets.has(id) && "asset-closed",
  ];
  return (
    <div className={look.filter(Boolean).join(" ")}>
      {far !== "near" ? <div className="asset-name">{data.asset.name}</div> : <Body id={id} data={data} />}
      {far !== "bare" && <NodeLive id={id} type={data.type} />}
      {far !== "bare" && placedPorts(data.type).map((port) => <PortHandle key={port.name} id={id} port={port} />)}
    </div>
  );
});
