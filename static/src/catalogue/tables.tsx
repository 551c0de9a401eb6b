import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { AddRow } from "./AddRow.tsx";
import { Input } from "./controls.tsx";
import { asText, inLanguage, isObject, type JsonObject } from "./document.ts";
import type { ControlOptions } from "./Frame.tsx";
import { texts } from "./lists.tsx";

/** How many of each of some things. */
export function AmountsControl(options: ControlOptions) {
  const { value, change, place, isReadOnly, field } = options;
  const amounts: JsonObject = isObject(value) ? value : {};
  const set = (next: JsonObject): void => {
    change(Object.keys(next).length ? next : undefined);
  };
  return (
    <div className="type-rows">
      {Object.entries(amounts).map(([key, count]) => (
        <div key={key} className="type-row">
          <code>{key}</code>
          <Input
            options={options}
            label={gettext("How many: {name}", { name: key })}
            value={asText(count)}
            place={`${place}/${key}`}
            most={9}
            numeric
            write={(text) => {
              set({ ...amounts, [key]: /^\d{1,9}$/.test(text.trim()) ? Number(text) : text });
            }}
          />
          {!isReadOnly && (
            <button
              type="button"
              className="btn btn-icon"
              aria-label={gettext("Take {name} out", { name: key })}
              onClick={() => {
                set(Object.fromEntries(Object.entries(amounts).filter(([each]) => each !== key)));
              }}
            >
              <Icon name="x" />
            </button>
          )}
        </div>
      ))}
      {!isReadOnly && (
        <AddRow
          label={field.words}
          place={place}
          most={64}
          add={(key) => {
            if (!(key in amounts)) set({ ...amounts, [key]: 1 });
          }}
        />
      )}
    </div>
  );
}

/** What a text can be, with what people call each. */
export function OptionsControl(
  options: ControlOptions & { names: JsonObject; rename: (names: JsonObject | undefined) => void },
) {
  const { value, change, place, isReadOnly, names, rename } = options;
  const held = texts(value);
  const call = (choice: string, text: string): void => {
    const left = Object.entries(names).filter(([each]) => each !== choice);
    const next = text ? [...left, [choice, { ...(isObject(names[choice]) ? names[choice] : {}), en: text }]] : left;
    rename(next.length ? (Object.fromEntries(next) as JsonObject) : undefined);
  };
  return (
    <div className="type-rows">
      {held.map((choice) => (
        <div key={choice} className="type-row">
          <code>{choice}</code>
          <Input
            options={options}
            label={gettext("What {name} is called", { name: choice })}
            placeholder={gettext("What it is called")}
            value={inLanguage(names[choice], "en")}
            write={(text) => {
              call(choice, text);
            }}
          />
          {!isReadOnly && (
            <button
              type="button"
              className="btn btn-icon"
              aria-label={gettext("Take {name} out", { name: choice })}
              onClick={() => {
                const left = held.filter((each) => each !== choice);
                change(left.length ? left : undefined);
              }}
            >
              <Icon name="x" />
            </button>
          )}
        </div>
      ))}
      {!isReadOnly && (
        <AddRow
          label={gettext("Another choice")}
          place={place}
          most={200}
          add={(wanted) => {
            if (!held.includes(wanted)) change([...held, wanted]);
          }}
        />
      )}
    </div>
  );
}
