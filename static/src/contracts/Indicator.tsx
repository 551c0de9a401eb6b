import { useState } from "react";
import { asText, isObject, type JsonObject, type Path } from "../catalogue/document.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { blankIndicator, commonNames, unitOf, type Names } from "./blanks.ts";
import { ChoiceField, DecimalField, DurationField, TextField, type Choice } from "./controls.tsx";
import { inWords } from "./Fee.tsx";
import { Group, useValue } from "./Field.tsx";
import type { KnownAsset } from "./model.ts";
import { useContract } from "./store.ts";

const KINDS: Choice[] = [
  ["availability", gettext("share of time")],
  ["throughput", gettext("volume per hour")],
  ["ratio", gettext("one measure by another")],
  ["response", gettext("failures mended in time")],
  ["mean_rate", gettext("mean error rate")],
];
const HELP: Record<string, string> = {
  availability: gettext("The share of committed time in which the assets are up, or in which a condition holds."),
  throughput: gettext("What a counter rises by per hour, in percent of a target."),
  ratio: gettext("What is used or made for each unit of something else, in percent of a target."),
  response: gettext("The share of failures that ended, or were answered, within a time on the service clock."),
  mean_rate: gettext("100 % less the mean of the error shares of fixed intervals."),
};

/** What the assets of a clause all tell. */
function useNames(path: Path): Names {
  const assets = useContract((state) => state.assets);
  const chosen = useValue([...path, "assets"]);
  const ids = new Set(Array.isArray(chosen) ? chosen : []);
  return commonNames(assets.filter((asset) => ids.has(asset.id)));
}

const choicesOf = (names: readonly string[]): Choice[] => names.map((name) => [name, inWords(name)]);

export function Indicator({ path }: { path: Path }) {
  const place = [...path, "indicator"];
  const value = useValue(place);
  const names = useNames(path);
  const indicator: JsonObject = isObject(value) ? value : {};
  const kind = asText(indicator["kind"]);
  return (
    <>
      <ChoiceField
        path={[...place, "kind"]}
        label={gettext("What is measured")}
        choices={KINDS}
        choose={(chosen) => {
          useContract.getState().change(place, blankIndicator(chosen, names));
        }}
        help={HELP[kind]}
      />
      {kind === "availability" && <Named path={place} indicator={indicator} names={names} />}
      {kind === "throughput" && <Throughput path={place} indicator={indicator} names={names} />}
      {kind === "ratio" && <Ratio path={place} names={names} />}
      {kind === "response" && <Response path={place} indicator={indicator} names={names} />}
      {kind === "mean_rate" && <DurationField path={[...place, "interval"]} label={gettext("Length of an interval")} />}
    </>
  );
}

interface PartOptions {
  path: Path;
  indicator: JsonObject;
  names: Names;
}

/** The draft's indicator with another name, or without one. */
function named(indicator: JsonObject, name: string): JsonObject {
  const { of: _, ...rest } = indicator;
  return name ? { ...rest, of: name } : rest;
}

function Named({ path, indicator, names }: PartOptions) {
  return (
    <ChoiceField
      path={[...path, "of"]}
      label={gettext("The share in which")}
      value={asText(indicator["of"])}
      choices={[["", gettext("the assets are not down")], ...choicesOf(names.conditions)]}
      choose={(name) => {
        useContract.getState().change(path, named(indicator, name));
      }}
    />
  );
}

function Response({ path, indicator, names }: PartOptions) {
  return (
    <div className="contract-pair">
      <DurationField path={[...path, "within"]} label={gettext("Within")} help={gettext("Of committed time.")} />
      <ChoiceField
        path={[...path, "of"]}
        label={gettext("The clock stops when")}
        value={asText(indicator["of"])}
        choices={[
          ["", gettext("the asset is back")],
          ...choicesOf(names.conditions).map(([name, words]): Choice => [
            name,
            gettext("{name} begins to hold", { name: words }),
          ]),
        ]}
        choose={(name) => {
          useContract.getState().change(path, named(indicator, name));
        }}
      />
    </div>
  );
}

function Throughput({ path, indicator, names }: PartOptions) {
  const { change } = useContract.getState();
  const unit = asText(indicator["unit"]);
  const isCommitted = indicator["hours"] === "committed";
  return (
    <div className="contract-pair">
      <ChoiceField
        path={[...path, "of"]}
        label={gettext("What is counted")}
        value={asText(indicator["of"])}
        choices={[
          ["", gettext("the counters without a name")],
          ...choicesOf([...Object.keys(names.measures), ...names.conditions]),
        ]}
        choose={(name) => {
          change(path, { ...named(indicator, name), unit: unitOf(name, names) ?? unit });
        }}
      />
      <TextField path={[...path, "unit"]} label={gettext("Unit")} most={40} />
      <DecimalField
        path={[...path, "target"]}
        label={gettext("Target per hour")}
        unit={`${unit}/h`}
        help={gettext("100 % is this much.")}
      />
      <ChoiceField
        path={[...path, "hours"]}
        label={gettext("Hours")}
        value={isCommitted ? "committed" : "stated"}
        choices={[
          ["committed", gettext("each committed hour")],
          ["stated", gettext("a stated number")],
        ]}
        choose={(chosen) => {
          change([...path, "hours"], chosen === "committed" ? "committed" : "160");
        }}
      />
      {!isCommitted && <DecimalField path={[...path, "hours"]} label={gettext("Hours of a period")} unit="h" />}
    </div>
  );
}

function Ratio({ path, names }: { path: Path; names: Names }) {
  const unit = asText(useValue([...path, "unit"]));
  const known = choicesOf([...Object.keys(names.measures), ...names.conditions]);
  return (
    <div className="contract-pair">
      <ChoiceField path={[...path, "of"]} label={gettext("What is divided")} choices={known} />
      <ChoiceField path={[...path, "per"]} label={gettext("By what")} choices={known} />
      <TextField path={[...path, "unit"]} label={gettext("Unit")} most={40} />
      <DecimalField
        path={[...path, "target"]}
        label={gettext("Target")}
        unit={unit}
        help={gettext("100 % is this much.")}
      />
      <ChoiceField
        path={[...path, "better"]}
        label={gettext("Better is")}
        choices={[
          ["lower", gettext("less")],
          ["higher", gettext("more")],
        ]}
        help={gettext("Where less is better, half the target is 200 %.")}
      />
    </div>
  );
}

const AGGREGATES: Choice[] = [
  ["pooled", gettext("all taken together")],
  ["mean", gettext("their mean")],
  ["worst", gettext("the worst of them")],
  ["per_asset", gettext("each by itself, on its share of the fee")],
];
const MANY = 12;

export function Assets({ path }: { path: Path }) {
  const place = [...path, "assets"];
  const assets = useContract((state) => state.assets);
  const value = useValue(place);
  const [wanted, setWanted] = useState("");
  const chosen = new Set(Array.isArray(value) ? value.map(asText) : []);
  const gone = [...chosen].filter((id) => !assets.some((asset) => asset.id === id));
  const shown = assets.filter((asset) => `${asset.name} ${asset.type}`.toLowerCase().includes(wanted.toLowerCase()));
  const choose = (ids: Set<string>): void => {
    const known = assets.map((asset) => asset.id).filter((id) => ids.has(id));
    useContract.getState().change(place, [...known, ...gone.filter((id) => ids.has(id))]);
  };
  const turn = (id: string, isOn: boolean): void => {
    const next = new Set(chosen);
    if (isOn) next.add(id);
    else next.delete(id);
    choose(next);
  };
  return (
    <>
      <Group
        path={place}
        label={gettext("Assets")}
        help={ngettext("{count} asset is chosen.", "{count} assets are chosen.", chosen.size)}
      >
        <div className="contract-row">
          {assets.length > MANY && (
            <input
              className="form-control"
              aria-label={gettext("Find an asset")}
              placeholder={gettext("Find an asset")}
              value={wanted}
              onChange={(event) => {
                setWanted(event.target.value);
              }}
            />
          )}
          <button
            type="button"
            className="btn btn-sm"
            onClick={() => {
              choose(new Set([...chosen, ...shown.map(({ id }) => id)]));
            }}
          >
            {gettext("All")}
          </button>
          <button
            type="button"
            className="btn btn-sm"
            onClick={() => {
              choose(new Set());
            }}
          >
            {gettext("None")}
          </button>
        </div>
        <div className="contract-assets">
          {shown.map((asset) => (
            <Tick
              key={asset.id}
              words={asset.name}
              detail={asset.type}
              isOn={chosen.has(asset.id)}
              turn={(isOn) => {
                turn(asset.id, isOn);
              }}
            />
          ))}
          {gone.map((id) => (
            <Tick
              key={id}
              words={gettext("Not in the published twin")}
              detail={id}
              isOn
              turn={(isOn) => {
                turn(id, isOn);
              }}
            />
          ))}
        </div>
      </Group>
      <ChoiceField
        path={[...path, "aggregate"]}
        label={gettext("Over several assets")}
        choices={AGGREGATES}
        help={gettext("What the outcome of the clause is when it is about more than one.")}
      />
    </>
  );
}

function Tick({
  words,
  detail,
  isOn,
  turn,
}: {
  words: KnownAsset["name"];
  detail: string;
  isOn: boolean;
  turn: (isOn: boolean) => void;
}) {
  return (
    <label className="type-tick">
      <input
        type="checkbox"
        className="form-check-input"
        checked={isOn}
        onChange={(event) => {
          turn(event.target.checked);
        }}
      />
      <span>
        {words} <small>{detail}</small>
      </span>
    </label>
  );
}
