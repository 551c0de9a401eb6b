import { asText, isObject } from "../catalogue/document.ts";
import { gettext } from "../common/gettext.ts";
import {
  ChoiceField,
  DayField,
  DecimalField,
  DurationField,
  MoneyField,
  SuggestField,
  TextField,
  TickField,
  WholeField,
} from "./controls.tsx";
import { Add, Group, RowTools, useValue } from "./Field.tsx";
import { categories, listAt } from "./model.ts";
import type { Configuration } from "./session.ts";
import { useContract } from "./store.ts";

/** The currency of the contract with the digits of its minor unit. */
export function useCurrency({ currencies }: Configuration): { currency: string; digits: number } {
  const currency = asText(useValue(["terms", "currency"]));
  return { currency, digits: currencies[currency] ?? 2 };
}

export function Parties({ configuration }: { configuration: Configuration }) {
  const isPublished = useContract((state) => state.before !== null);
  const { change } = useContract.getState();
  const isAccepted = asText(useValue(["acceptance"])) === "required";
  const known = (names: readonly string[]) => names.map((name) => ({ value: name, label: name }));
  return (
    <>
      <TextField
        path={["title"]}
        label={gettext("Title")}
        most={120}
        help={gettext("As both sides call the contract.")}
      />
      {isPublished ? null : (
        <ChoiceField
          path={["customer"]}
          label={gettext("Customer")}
          choices={configuration.customers}
          help={gettext("Who receives the guarantee.")}
        />
      )}
      <ChoiceField
        path={["twin"]}
        label={gettext("Twin")}
        choices={configuration.twins}
        help={gettext("The published twin whose assets the contract is about.")}
      />
      <div className="contract-pair">
        <DayField
          path={["effective", "from"]}
          label={gettext("Holds from")}
          help={gettext("The first day on which this version holds.")}
        />
        <DayField
          path={["effective", "to"]}
          label={gettext("Holds up to")}
          isOptional
          help={gettext("The first day on which it does not hold any more; empty for no end.")}
        />
        <SuggestField
          path={["terms", "time_zone"]}
          label={gettext("Time zone")}
          known={known(configuration.zones)}
          help={gettext("On whose clocks days begin, and calendars are read.")}
        />
        <SuggestField
          path={["terms", "currency"]}
          label={gettext("Currency")}
          known={known(Object.keys(configuration.currencies))}
          help={gettext("All amounts are in it.")}
        />
      </div>
      <TickField
        path={["acceptance"]}
        label={gettext("Acceptance")}
        words={gettext("The customer has to accept it")}
        isOn={isAccepted}
        turn={(isOn) => {
          change(["acceptance"], isOn ? "required" : undefined);
        }}
        help={gettext("A version takes effect only once the customer has accepted it electronically.")}
      />
    </>
  );
}

export function Limits({ configuration }: { configuration: Configuration }) {
  const money = useCurrency(configuration);
  return (
    <>
      <div className="contract-pair">
        <DecimalField
          path={["terms", "caps", "period_percent"]}
          label={gettext("Most credits of a period")}
          unit="%"
          empty={gettext("no limit")}
          help={gettext("All credits of a period together come to no more than this part of its fee.")}
        />
        <MoneyField
          path={["year_cap_minor"]}
          label={gettext("Most credits of a contract year")}
          {...money}
          empty={gettext("no limit")}
          help={gettext("A contract year begins on each anniversary of the first day.")}
        />
        <DurationField
          path={["terms", "correction_window"]}
          label={gettext("Evidence counts for")}
          help={gettext("How long after the end of a period late evidence still changes its outcome.")}
        />
        <DurationField
          path={["grace"]}
          label={gettext("Settled by itself after")}
          empty={gettext("not by itself")}
          help={gettext("How long after the end of a month it is settled without anybody asking.")}
        />
        <DurationField
          path={["objection"]}
          label={gettext("Objection within")}
          empty={gettext("none: each needs approval")}
          help={gettext("An exclusion about which the customer says nothing for so long counts as approved.")}
        />
      </div>
      <Preapproved />
    </>
  );
}

function Preapproved() {
  const draft = useContract((state) => state.draft);
  const rules = listAt(draft, ["preapproved"]);
  const named = rules.map((rule) => (isObject(rule) ? asText(rule["category"]) : ""));
  const free = categories(draft).filter((each) => !named.includes(each));
  const { insert, change } = useContract.getState();
  return (
    <Group
      path={["preapproved"]}
      label={gettext("Approved in advance")}
      help={gettext(
        "Exclusions of these categories count without being asked for each, when they are claimed in time.",
      )}
    >
      {rules.map((rule, at) => {
        const path = ["preapproved", String(at)];
        const isLate = isObject(rule) && rule["notice"] === null;
        const category = named[at] ?? "";
        return (
          <div key={at} className="contract-row">
            <ChoiceField
              path={[...path, "category"]}
              label={gettext("Category")}
              choices={[category, ...free].map((each) => [each, each])}
            />
            <ChoiceField
              path={[...path, "notice"]}
              label={gettext("Claimed")}
              value={isLate ? "late" : "before"}
              choices={[
                ["before", gettext("before it starts")],
                ["late", gettext("at any time")],
              ]}
              choose={(value) => {
                change([...path, "notice"], value === "late" ? null : "PT0S");
              }}
            />
            {!isLate && <DurationField path={[...path, "notice"]} label={gettext("At least so long before")} isZero />}
            <RowTools path={["preapproved"]} at={at} count={rules.length} what={category} />
          </div>
        );
      })}
      {free.length > 0 && (
        <Add
          words={gettext("Approve a category in advance")}
          run={() => {
            insert(["preapproved"], { category: free[0] ?? "", notice: "P7D" });
          }}
        />
      )}
      {free.length === 0 && rules.length === 0 && (
        <p className="form-note">{gettext("No clause excludes anything yet.")}</p>
      )}
    </Group>
  );
}

const ROUNDINGS: [string, string][] = [
  ["half_even", gettext("to the nearest, a half to the even one")],
  ["half_up", gettext("to the nearest, a half away from zero")],
  ["up", gettext("away from zero")],
  ["down", gettext("towards zero")],
];

export function Payment() {
  return (
    <div className="contract-pair">
      <ChoiceField
        path={["terms", "rounding"]}
        label={gettext("Rounding")}
        choices={ROUNDINGS}
        help={gettext("How an exact amount becomes one that can be paid; each is rounded once.")}
      />
      <DecimalField
        path={["tax_percent"]}
        label={gettext("Tax")}
        unit="%"
        help={gettext("Added to the sum of each invoice.")}
      />
      <WholeField
        path={["payment_days"]}
        label={gettext("Payment within")}
        unit={gettext("days")}
        help={gettext("From the day of the invoice.")}
      />
    </div>
  );
}

export function Assumptions() {
  const isStated = isObject(useValue(["assumptions"]));
  const { change } = useContract.getState();
  return (
    <>
      <TickField
        path={["assumptions"]}
        label={gettext("Assumptions")}
        words={gettext("Both sides state what they take for granted")}
        isOn={isStated}
        turn={(isOn) => {
          change(["assumptions"], isOn ? { planned_visit: "P5D", repair: "P14D", bays: 1 } : null);
        }}
        help={gettext("Plans and comparisons are reckoned with them; no amount depends on them.")}
      />
      {isStated && (
        <div className="contract-pair">
          <DurationField path={["assumptions", "planned_visit"]} label={gettext("A planned visit lasts")} />
          <DurationField path={["assumptions", "repair"]} label={gettext("An unscheduled repair lasts")} />
          <WholeField path={["assumptions", "bays"]} label={gettext("Bays of the shop")} />
        </div>
      )}
    </>
  );
}
