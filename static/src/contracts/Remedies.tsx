import { asText, isObject, type JsonObject, type Path } from "../catalogue/document.ts";
import { gettext } from "../common/gettext.ts";
import { blankRemedy } from "./blanks.ts";
import { ChoiceField, DecimalField } from "./controls.tsx";
import { Add, Group, RowTools, useValue } from "./Field.tsx";
import { useContract } from "./store.ts";

export function Remedies({ path }: { path: Path }) {
  const place = [...path, "remedies"];
  const value = useValue(place);
  const remedies = Array.isArray(value) ? value : [];
  const { insert } = useContract.getState();
  return (
    <>
      {remedies.map((remedy, at) => (
        <Remedy key={at} path={place} at={at} count={remedies.length} remedy={isObject(remedy) ? remedy : {}} />
      ))}
      <div className="contract-row">
        <Add
          words={gettext("Add credits by tiers")}
          run={() => {
            insert(place, blankRemedy("tiers"));
          }}
        />
        <Add
          words={gettext("Add credits or a bonus by steps")}
          run={() => {
            insert(place, blankRemedy("steps"));
          }}
        />
      </div>
    </>
  );
}

function Remedy({ path, at, count, remedy }: { path: Path; at: number; count: number; remedy: JsonObject }) {
  const place = [...path, String(at)];
  const isTiers = remedy["kind"] === "tiers";
  const what = isTiers ? gettext("Credits by tiers") : gettext("By steps");
  return (
    <Group
      path={place}
      label={what}
      help={
        isTiers
          ? gettext("The lowest threshold that the outcome is under decides, compared exactly.")
          : gettext("A full step counts when it is complete, a started one from its first bit on.")
      }
    >
      {isTiers ? (
        <Tiers path={place} tiers={Array.isArray(remedy["tiers"]) ? remedy["tiers"].length : 0} />
      ) : (
        <Steps path={place} remedy={remedy} />
      )}
      <RowTools path={path} at={at} count={count} isOrdered what={what} />
    </Group>
  );
}

function Tiers({ path, tiers }: { path: Path; tiers: number }) {
  const place = [...path, "tiers"];
  return (
    <>
      {Array.from({ length: tiers }, (_, at) => (
        <div key={at} className="contract-row">
          <DecimalField path={[...place, String(at), "below"]} label={gettext("Below")} unit="%" />
          <DecimalField path={[...place, String(at), "credit"]} label={gettext("Credit")} unit={gettext("% of fee")} />
          <RowTools path={place} at={at} count={tiers} least={1} what={gettext("tier {number}", { number: at + 1 })} />
        </div>
      ))}
      <Add
        words={gettext("Add a tier")}
        run={() => {
          useContract.getState().insert(place, { below: "", credit: "" });
        }}
      />
    </>
  );
}

function Steps({ path, remedy }: { path: Path; remedy: JsonObject }) {
  const { change } = useContract.getState();
  const isAbove = remedy["below"] == null;
  const isBonus = remedy["credit"] == null;
  const side = isAbove ? "above" : "below";
  const effect = isBonus ? "bonus" : "credit";
  return (
    <div className="contract-pair">
      <ChoiceField
        path={path}
        label={gettext("It works")}
        value={side}
        choices={[
          ["below", gettext("below a threshold")],
          ["above", gettext("above a threshold")],
        ]}
        choose={(chosen) => {
          const at = remedy[side] ?? null;
          change(path, { ...remedy, below: chosen === "below" ? at : null, above: chosen === "above" ? at : null });
        }}
      />
      <DecimalField path={[...path, side]} label={gettext("Threshold")} unit="%" />
      <ChoiceField
        path={path}
        label={gettext("In favour of")}
        value={effect}
        choices={[
          ["credit", gettext("the customer: a credit")],
          ["bonus", gettext("the provider: a bonus")],
        ]}
        choose={(chosen) => {
          const percent = remedy[effect] ?? null;
          change(path, {
            ...remedy,
            credit: chosen === "credit" ? percent : null,
            bonus: chosen === "bonus" ? percent : null,
          });
        }}
      />
      <DecimalField path={[...path, effect]} label={gettext("For each step")} unit={gettext("% of fee")} />
      <DecimalField path={[...path, "per"]} label={gettext("A step is")} unit={gettext("points")} />
      <ChoiceField
        path={[...path, "step"]}
        label={gettext("Steps count")}
        value={asText(remedy["step"])}
        choices={[
          ["full", gettext("when they are full")],
          ["started", gettext("when they are started")],
        ]}
      />
      <DecimalField path={[...path, "cap"]} label={gettext("At most")} unit="%" empty={gettext("no limit")} />
    </div>
  );
}
