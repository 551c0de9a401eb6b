import { Handle, Position as Side, type NodeProps } from "@xyflow/react";
import { createContext, memo, useContext } from "react";
import { gettext, ngettext } from "../common/gettext.ts";
import { inLanguage } from "./catalogue.ts";
import { placedPorts, type PlacedPort } from "./geometry.ts";
import { Icon, TypeIcon } from "./Icon.tsx";
import { useComposer, type AssetView, type Linking } from "./store.ts";

const language = document.documentElement.lang;

/** What is being linked: one context for all assets, because a subscription each would cost more than drawing them. */
export const LinkingContext = createContext<Linking | null>(null);
/** How much of an asset can be seen: all, its name, or its name without ports. */
export const FarContext = createContext<"near" | "far" | "bare">("near");

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
      onClick={() => {
        useComposer.getState().linkTo([id, port.name]);
      }}
    />
  );
}

/** The field in which a name is edited; Enter and leaving keep it, Escape does not. */
function NameField({ id, name }: { id: string; name: string }) {
  const { perform, rename } = useComposer.getState();
  const finish = (text: string): void => {
    const wanted = text.trim();
    if (wanted && wanted !== name) perform([{ op: "rename", asset: id, name: wanted }]);
    rename(null);
  };
  return (
    <input
      className="asset-rename nodrag nopan"
      aria-label={gettext("Name of {name}", { name })}
      defaultValue={name}
      maxLength={200}
      autoFocus
      onFocus={(event) => {
        event.target.select();
      }}
      onBlur={(event) => {
        finish(event.target.value);
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") event.currentTarget.value = name;
        if (event.key === "Enter" || event.key === "Escape") {
          const node = event.currentTarget.closest<HTMLElement>(".react-flow__node");
          event.currentTarget.blur();
          node?.focus();
        }
      }}
    />
  );
}

function Marks({ errors, hints }: { errors: number; hints: number }) {
  if (errors) {
    return (
      <span className="asset-mark asset-mark-error" title={ngettext("{count} error", "{count} errors", errors)}>
        <Icon name="alert-circle" />
        {errors}
      </span>
    );
  }
  if (!hints) return null;
  return (
    <span className="asset-mark" title={ngettext("{count} hint", "{count} hints", hints)}>
      <Icon name="info-circle" />
      {hints}
    </span>
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
          {renaming ? <NameField id={id} name={asset.name} /> : <div className="asset-name">{asset.name}</div>}
          <div className="asset-type">{type ? inLanguage(type.name, language) : asset.type}</div>
        </div>
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

/** Which asset is being renamed on the canvas. */
export const RenamingContext = createContext<string | null>(null);

/** One asset on the canvas. From far away it is a box with its name. */
export const AssetNode = memo(function AssetNode({ id, data, selected }: NodeProps<AssetView>) {
  const far = useContext(FarContext);
  const look = ["asset", selected && "asset-selected", data.errors > 0 && "asset-wrong", far !== "near" && "asset-far"];
  return (
    <div className={look.filter(Boolean).join(" ")}>
      {far !== "near" ? <div className="asset-name">{data.asset.name}</div> : <Body id={id} data={data} />}
      {far !== "bare" && placedPorts(data.type).map((port) => <PortHandle key={port.name} id={id} port={port} />)}
    </div>
  );
});
