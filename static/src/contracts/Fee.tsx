import { asText, isObject, type JsonObject } from "../catalogue/document.ts";
import { gettext } from "../common/gettext.ts";
import { blankFee, commonNames, unitOf } from "./blanks.ts";
import { ChoiceField, DecimalField, MoneyField, TextField, TickField, type Choice } from "./controls.tsx";
import { Add, Group, RowTools, useValue } from "./Field.tsx";
import { useCurrency } from "./Outer.tsx";
import type { Configuration } from "./session.ts";
import { useContract } from "./store.ts";

const KINDS: Choice[] = [
  ["flat", gettext("one amount for each period")],
  ["per_asset", gettext("an amount for each asset in service")],
  ["metered", gettext("a price for what is counted")],
];
const FEE = ["terms", "fee"];

export function Fee({ configuration }: { configuration: Configuration }) {
  const fee = useValue(FEE);
  const money = useCurrency(configuration);
  const assets = useContract((state) => state.assets);
  const { change } = useContract.getState();
  const kind = isObject(fee) ? asText(fee["kind"]) : "";
  return (
    <>
      <ChoiceField
        path={[...FEE, "kind"]}
        label={gettext("What is charged")}
        choices={KINDS}
        choose={(chosen) => {
          change(FEE, blankFee(chosen, commonNames(assets)));
        }}
        help={gettext("Credits and bonuses are percentages of it.")}
      />
      {kind === "metered" && isObject(fee) ? (
        <Metered fee={fee} money={money} />
      ) : (
        <MoneyField
          path={[...FEE, "minor"]}
          label={kind === "flat" ? gettext("Fee for each period") : gettext("Fee for each asset")}
          {...money}
        />
      )}
      {kind === "per_asset" && isObject(fee) && (
        <TickField
          path={[...FEE, "prorate"]}
          label={gettext("Proration")}
          words={gettext("in proportion to the time in service")}
          isOn={fee["prorate"] === "seconds"}
          turn={(isOn) => {
            change([...FEE, "prorate"], isOn ? "seconds" : null);
          }}
          help={gettext("An asset that came or went within the period costs only its share, by seconds.")}
        />
      )}
    </>
  );
}

function Metered({ fee, money }: { fee: JsonObject; money: { currency: string; digits: number } }) {
  const assets = useContract((state) => state.assets);
  const { change } = useContract.getState();
  const names = commonNames(assets);
  const known = [...Object.keys(names.measures), ...names.conditions];
  const of = asText(fee["of"]);
  return (
    <>
      <div className="contract-pair">
        <ChoiceField
          path={[...FEE, "of"]}
          label={gettext("What is counted")}
          value={of}
          choices={[
            ["", gettext("the counters without a name")],
            ...known.map((name): Choice => [name, inWords(name)]),
          ]}
          choose={(name) => {
            const { of: _, ...rest } = fee;
            const unit = unitOf(name, names) ?? asText(fee["unit"]);
            change(FEE, name ? { ...rest, of: name, unit } : rest);
          }}
          help={gettext("A counter of the assets, or the hours in which a condition held.")}
        />
        <TextField path={[...FEE, "unit"]} label={gettext("Unit")} most={40} help={gettext("h for hours.")} />
      </div>
      {Array.isArray(fee["tiers"]) && fee["tiers"].length > 1 && (
        <ChoiceField
          path={[...FEE, "mode"]}
          label={gettext("Price tiers")}
          choices={[
            ["graduated", gettext("each part at the price of its own tier")],
            ["volume", gettext("all of it at the price of the tier it ends in")],
          ]}
        />
      )}
      <PriceTiers
        tiers={Array.isArray(fee["tiers"]) ? fee["tiers"].length : 0}
        unit={asText(fee["unit"])}
        currency={money.currency}
      />
      <MoneyField
        path={[...FEE, "minimum_minor"]}
        label={gettext("Minimum of a period")}
        {...money}
        empty={gettext("no minimum")}
        help={gettext("The fee comes to this at least, however little is counted.")}
      />
    </>
  );
}

/** The name of a measure or a condition as words. */
export const inWords = (name: string): string => name.replaceAll("_", " ");

function PriceTiers({ tiers, unit, currency }: { tiers: number; unit: string; currency: string }) {
  const path = [...FEE, "tiers"];
  const { insert } = useContract.getState();
  return (
    <Group path={path} label={gettext("Prices")} help={gettext("A tier includes its end; the last one has none.")}>
      {Array.from({ length: tiers }, (_, at) => (
        <div key={at} className="contract-row">
          {at < tiers - 1 ? (
            <DecimalField path={[...path, String(at), "to"]} label={gettext("Up to")} unit={unit} />
          ) : (
            <p className="form-field contract-open">{tiers > 1 ? gettext("above that") : gettext("every unit")}</p>
          )}
          <DecimalField path={[...path, String(at), "price"]} label={gettext("Price")} unit={`${currency}/${unit}`} />
          {at < tiers - 1 ? (
            <RowTools path={path} at={at} count={tiers} what={gettext("tier {number}", { number: at + 1 })} />
          ) : (
            tiers > 1 && <div className="contract-tools contract-no-tools" />
          )}
        </div>
      ))}
      <Add
        words={gettext("Add a tier")}
        run={() => {
          insert(path, { to: "", price: "" }, tiers - 1);
        }}
      />
    </Group>
  );
}
