import { asText, isObject, type Path } from "../catalogue/document.ts";
import { gettext } from "../common/gettext.ts";
import { blankGaps, blankWindow } from "./blanks.ts";
import { ChoiceField, DayField, DecimalField, DurationField, TextField, type Choice } from "./controls.tsx";
import { Add, Group, RowTools, useValue } from "./Field.tsx";
import { useContract } from "./store.ts";

const DAYS: Choice[] = [
  ["mon", gettext("Mon")],
  ["tue", gettext("Tue")],
  ["wed", gettext("Wed")],
  ["thu", gettext("Thu")],
  ["fri", gettext("Fri")],
  ["sat", gettext("Sat")],
  ["sun", gettext("Sun")],
];

export function Calendar({ path }: { path: Path }) {
  const place = [...path, "calendar"];
  const calendar = useValue(place);
  const { change, insert } = useContract.getState();
  const isWeekly = isObject(calendar);
  const windows = isWeekly && Array.isArray(calendar["weekly"]) ? calendar["weekly"] : [];
  const holidays = isWeekly && Array.isArray(calendar["holidays"]) ? calendar["holidays"] : [];
  return (
    <>
      <ChoiceField
        path={place}
        label={gettext("Service is owed")}
        value={isWeekly ? "weekly" : "always"}
        choices={[
          ["always", gettext("at all hours of all days")],
          ["weekly", gettext("in weekly windows")],
        ]}
        choose={(chosen) => {
          change(place, chosen === "weekly" ? { weekly: [blankWindow()], holidays: [] } : null);
        }}
        help={gettext("Only this time is committed; what happens outside it counts for nobody.")}
      />
      {isWeekly && (
        <Group
          path={[...place, "weekly"]}
          label={gettext("Windows")}
          help={gettext("One that ends before it begins goes over midnight; 24:00 is the end of the day.")}
        >
          {windows.map((_, at) => (
            <Window key={at} path={[...place, "weekly"]} at={at} count={windows.length} />
          ))}
          <Add
            words={gettext("Add a window")}
            run={() => {
              insert([...place, "weekly"], blankWindow());
            }}
          />
        </Group>
      )}
      {isWeekly && (
        <Group path={[...place, "holidays"]} label={gettext("Not on")}>
          {holidays.map((_, at) => (
            <div key={at} className="contract-row">
              <DayField path={[...place, "holidays", String(at)]} label={gettext("Day")} isBare />
              <RowTools path={[...place, "holidays"]} at={at} count={holidays.length} what={asText(holidays[at])} />
            </div>
          ))}
          <Add
            words={gettext("Add a day without service")}
            run={() => {
              insert([...place, "holidays"], "");
            }}
          />
        </Group>
      )}
    </>
  );
}

function Window({ path, at, count }: { path: Path; at: number; count: number }) {
  const place = [...path, String(at)];
  const value = useValue([...place, "days"]);
  const days = new Set(Array.isArray(value) ? value.map(asText) : []);
  const turn = (day: string, isOn: boolean): void => {
    const kept = DAYS.map(([each]) => each).filter((each) => (each === day ? isOn : days.has(each)));
    useContract.getState().change([...place, "days"], kept);
  };
  return (
    <div className="contract-row">
      <Group path={[...place, "days"]} label={gettext("Days")}>
        <div className="type-ticks">
          {DAYS.map(([day, words]) => (
            <label key={day} className="type-tick">
              <input
                type="checkbox"
                className="form-check-input"
                checked={days.has(day)}
                onChange={(event) => {
                  turn(day, event.target.checked);
                }}
              />
              <span>{words}</span>
            </label>
          ))}
        </div>
      </Group>
      <TextField path={[...place, "from"]} label={gettext("From")} most={5} />
      <TextField path={[...place, "to"]} label={gettext("To")} most={5} />
      <RowTools path={path} at={at} count={count} least={1} what={gettext("window {number}", { number: at + 1 })} />
    </div>
  );
}

export function Outages({ path }: { path: Path }) {
  return (
    <div className="contract-pair">
      <DurationField
        path={[...path, "outages", "minimum"]}
        label={gettext("Shortest outage that counts")}
        isZero
        help={gettext("Shorter ones are left out; taken over the whole outage.")}
      />
      <DurationField
        path={[...path, "outages", "quantum"]}
        label={gettext("In whole steps of")}
        isZero
        help={gettext("Longer ones are cut at their end to whole steps.")}
      />
    </div>
  );
}

const POLICIES: Choice[] = [
  ["as_down", gettext("as down")],
  ["as_up", gettext("as up")],
  ["exclude", gettext("not at all")],
  ["carry_forward", gettext("as the state before it, for a while")],
];

export function Gaps({ path }: { path: Path }) {
  const place = [...path, "gaps"];
  const policy = asText(useValue([...place, "policy"]));
  return (
    <>
      <div className="contract-pair">
        <ChoiceField
          path={[...place, "policy"]}
          label={gettext("Unknown time counts")}
          choices={POLICIES}
          choose={(chosen) => {
            useContract.getState().change(place, blankGaps(chosen));
          }}
          help={gettext("Time of which there is no evidence.")}
        />
        {policy === "carry_forward" && (
          <>
            <DurationField path={[...place, "carry"]} label={gettext("For up to")} />
            <ChoiceField
              path={[...place, "then"]}
              label={gettext("Then as")}
              choices={[
                ["down", gettext("down")],
                ["up", gettext("up")],
              ]}
            />
          </>
        )}
        <DecimalField
          path={[...path, "minimum_coverage"]}
          label={gettext("Least that must be known")}
          unit="%"
          empty={gettext("no minimum")}
          help={gettext("With less known time nothing is settled, in either direction.")}
        />
      </div>
    </>
  );
}

export function Exclusions({ path }: { path: Path }) {
  const place = [...path, "exclusions"];
  const value = useValue(place);
  const count = Array.isArray(value) ? value.length : 0;
  const { insert } = useContract.getState();
  return (
    <Group
      path={place}
      label={gettext("Exclusions by priority")}
      help={gettext(
        "Time that does not count once both sides agree; until then it counts as it is. A moment counts once, for the first of them.",
      )}
    >
      {Array.from({ length: count }, (_, at) => (
        <div key={at} className="contract-row">
          <TextField path={[...place, String(at), "category"]} label={gettext("Category")} />
          <DurationField
            path={[...place, String(at), "allowance"]}
            label={gettext("Up to, for each asset and period")}
            empty={gettext("without limit")}
          />
          <RowTools
            path={place}
            at={at}
            count={count}
            isOrdered
            what={gettext("exclusion {number}", { number: at + 1 })}
          />
        </div>
      ))}
      <Add
        words={gettext("Add an exclusion")}
        run={() => {
          insert(place, { category: "", allowance: null });
        }}
      />
    </Group>
  );
}
