import "./fields.css";
import { createContext, useContext, useId, type ReactNode } from "react";
import { gettext } from "../common/gettext.ts";
import { symbol } from "../common/units.ts";
import { Icon } from "../composer/Icon.tsx";
import { asText, isObject, valueAt, type Finding, type Json, type JsonObject, type Path } from "./document.ts";
import { spoken } from "./durations.ts";
import { isSaid, type Element } from "./inheritance.ts";
import { placeOf } from "./marks.ts";
import type { Field } from "./forms.ts";
import { useEditor } from "./store.ts";

/** The element whose fields are shown, and where it stands in the document. */
export interface Shown {
  base: Path;
  element: Element;
}

export const ShownElement = createContext<Shown>({
  base: [],
  element: { key: "", value: {}, own: undefined, inherited: undefined, standing: "own" },
});

/** What every control is given. */
export interface ControlOptions {
  id: string;
  field: Field;
  /** With what is inherited. */
  value: Json | undefined;
  /** What the fields beside it say. */
  beside: Json;
  path: Path;
  place: string;
  findings: Finding[];
  isReadOnly: boolean;
  describedBy: string;
  /** What stands before a formula at its place. */
  before?: string;
  change: (value: Json | undefined) => void;
}

/** A value in a few words. */
export function inWords(value: Json | undefined): string {
  const words = typeof value === "object" && value !== null ? partsInWords(value) : plainInWords(value);
  return words || gettext("nothing");
}

function plainInWords(value: Json | undefined): string {
  if (typeof value === "boolean") return value ? gettext("yes") : gettext("no");
  return spoken(asText(value));
}

function partsInWords(value: Json[] | JsonObject): string {
  if (!Array.isArray(value))
    return Object.entries(value)
      .map(([key, part]) => `${key}: ${inWords(part)}`)
      .join(", ");
  return value.map(inWords).join(value.length === 2 ? " – " : ", ");
}

/** What is wrong at a place or within it. */
export function useFindingsAt(place: string): Finding[] {
  const findings = useEditor((state) => state.findings);
  return findings.filter((finding) => {
    const found = placeOf(finding).place;
    return found === place || found.startsWith(`${place}/`);
  });
}

export function Faults({ id, findings }: { id?: string; findings: Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <ul id={id} className="type-faults">
      {findings.slice(0, 5).map((finding, index) => (
        <li key={index} className={finding.severity === "hint" ? "form-note" : "form-error"}>
          <Icon name={finding.severity === "hint" ? "info-circle" : "alert-circle"} />
          <span>
            {finding.message} {finding.fix}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Origin({ field, path }: { field: Field; path: Path }) {
  const { base, element } = useContext(ShownElement);
  const { override, takeBack, canEdit } = useEditor.getState();
  const { inherited, own } = element;
  if (!inherited) return null;
  const handed = valueAt(inherited.value, path);
  const isOwn = isSaid(base[0] ?? "", own, inherited.value, path);
  if (handed === undefined && !isOwn) return null;
  if (!isOwn)
    return (
      <p className="type-origin">
        <Icon name="hierarchy-2" />
        <span>{gettext("Inherited from {type}", { type: inherited.origin })}</span>
        {canEdit && (
          <button
            type="button"
            className="type-quiet"
            onClick={() => {
              override(base, path, handed);
              focusControl(`${base.join("/")}/${path.join("/")}`);
            }}
          >
            {gettext("Override")}
            <span className="visually-hidden"> {field.label}</span>
          </button>
        )}
      </p>
    );
  return (
    <p className="type-origin type-overridden">
      <Icon name="pencil" />
      <span>
        {handed === undefined
          ? gettext("Not said by {type}", { type: inherited.origin })
          : gettext("Overrides {value} of {type}", { value: shortened(inWords(handed)), type: inherited.origin })}
      </span>
      {canEdit && (
        <button
          type="button"
          className="type-quiet"
          onClick={() => {
            takeBack(base, path);
          }}
        >
          <Icon name="arrow-back-up" />
          {gettext("Take back")}
          <span className="visually-hidden"> {field.label}</span>
        </button>
      )}
    </p>
  );
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

function focusControl(place: string): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(`[data-place="${CSS.escape(place)}"]`)?.focus();
  });
}

/** Groups of controls have a legend, single ones a label. */
const GROUPS = new Set([
  "texts",
  "range",
  "counts",
  "states",
  "amounts",
  "options",
  "items",
  "part",
  "condition",
  "indicator",
]);

/** Controls that tell themselves what is wrong with them. */
const TELLING = new Set(["formula", "indicator"]);

/** Whether the element says nothing of its own here. */
function isOnlyInherited(section: string, { inherited, own }: Element, path: Path): boolean {
  return inherited !== undefined && !isSaid(section, own, inherited.value, path);
}

function Label({ id, field, isGroup }: { id: string; field: Field; isGroup: boolean }) {
  const words = (
    <>
      {field.label}
      {field.required && (
        <span className="type-required" aria-hidden="true">
          {" "}
          *
        </span>
      )}
    </>
  );
  if (isGroup) return <legend className="form-label">{words}</legend>;
  return (
    <label className="form-label" htmlFor={id}>
      {words}
    </label>
  );
}

function Notes({ id, field, findings }: { id: string; field: Field; findings: Finding[] }) {
  return (
    <div id={id}>
      {!TELLING.has(field.kind) && <Faults findings={findings} />}
      {field.help && <p className="form-note">{field.help}</p>}
    </div>
  );
}

interface FrameOptions {
  field: Field;
  path: Path;
  /** Whether the element itself says the field, and not something nested in it. */
  isTop: boolean;
  children: (options: { id: string; place: string; findings: Finding[]; describedBy: string }) => ReactNode;
}

/** A field with its label, what it inherits, its help and what is wrong with it. */
export function Frame({ field, path, isTop, children }: FrameOptions) {
  const id = useId();
  const { base, element } = useContext(ShownElement);
  const place = [...base, ...path].join("/");
  const findings = useFindingsAt(place);
  // Conditions stand beside their element's other fields: what is wrong with those is told there.
  const own = path.length === 0 && isObject(element.value) ? [] : findings;
  const isInherited = isTop && isOnlyInherited(base[0] ?? "", element, path);
  const isGroup = GROUPS.has(field.kind);
  const Tag = isGroup ? "fieldset" : "div";
  return (
    <Tag
      className={`form-field type-field ${isInherited ? "type-inherited" : ""}`}
      aria-describedby={isGroup ? `${id}-note` : undefined}
    >
      <Label id={id} field={field} isGroup={isGroup} />
      {children({ id, place, findings: own, describedBy: `${id}-note` })}
      <Notes id={`${id}-note`} field={field} findings={own} />
      {isTop && <Origin field={field} path={path} />}
    </Tag>
  );
}

/** A unit as people write it, empty for none. */
export function unitSymbol(value: Json): string {
  const unit = isObject(value) ? value["unit"] : undefined;
  return typeof unit === "string" ? symbol(unit) : "";
}
