import { asText, valueAt, type JsonObject, type Path } from "../catalogue/document.ts";
import { announce } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { blankClause } from "./blanks.ts";
import { TextField } from "./controls.tsx";
import { Add, RowTools, useValue } from "./Field.tsx";
import { Assets, Indicator } from "./Indicator.tsx";
import { freeName, listAt } from "./model.ts";
import { Remedies } from "./Remedies.tsx";
import { useContract } from "./store.ts";
import { Calendar, Exclusions, Gaps, Outages } from "./Time.tsx";

const CLAUSES = ["terms", "clauses"];

export function Clauses() {
  const count = useContract((state) => listAt(state.draft, CLAUSES).length);
  return (
    <>
      {Array.from({ length: count }, (_, at) => (
        <Clause key={at} at={at} count={count} />
      ))}
      <p>
        <Add
          words={gettext("Add a clause")}
          run={() => {
            const { draft, assets, insert } = useContract.getState();
            const name = freeName("clause", draft);
            insert(CLAUSES, blankClause(name, assets));
            announce(gettext("{name} is added.", { name }));
          }}
        />
      </p>
    </>
  );
}

function duplicate(at: number): void {
  const { draft, insert } = useContract.getState();
  const path = [...CLAUSES, String(at)];
  const name = freeName(asText(valueAt(draft, [...path, "id"])), draft);
  insert(CLAUSES, { ...(valueAt(draft, path) as JsonObject), id: name }, at + 1);
  announce(gettext("{name} is added.", { name }));
}

function Part({ title, isOpen, children }: { title: string; isOpen?: boolean; children: React.ReactNode }) {
  return (
    <details className="contract-part" open={isOpen}>
      <summary>{title}</summary>
      {children}
    </details>
  );
}

function Clause({ at, count }: { at: number; count: number }) {
  const path: Path = [...CLAUSES, String(at)];
  const name = asText(useValue([...path, "id"]));
  const title = gettext("Clause {name}", { name });
  return (
    <section className="contract-card" aria-label={title}>
      <div className="contract-card-head">
        <h2>{title}</h2>
        <RowTools
          path={CLAUSES}
          at={at}
          count={count}
          isOrdered
          what={title}
          copy={() => {
            duplicate(at);
          }}
        />
      </div>
      <TextField path={[...path, "id"]} label={gettext("Name")} help={gettext("How statements and reports call it.")} />
      <Part title={gettext("Indicator")} isOpen>
        <Indicator path={path} />
      </Part>
      <Part title={gettext("Assets")}>
        <Assets path={path} />
      </Part>
      <Part title={gettext("Calendar")}>
        <Calendar path={path} />
      </Part>
      <Part title={gettext("Outages and gaps")}>
        <Outages path={path} />
        <Gaps path={path} />
      </Part>
      <Part title={gettext("Exclusions")}>
        <Exclusions path={path} />
      </Part>
      <Part title={gettext("Credits and bonuses")} isOpen>
        <Remedies path={path} />
      </Part>
    </section>
  );
}
