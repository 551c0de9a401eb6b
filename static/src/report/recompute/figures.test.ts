import { describe, expect, test } from "vitest";
import type { Json } from "../canonical.ts";
import { made, reading, type Result } from "../checks.ts";
import { computationsOf, type Compute } from "../recomputing.ts";
import type { Report } from "../shapes.ts";
import fixture from "../figures.fixture.json" with { type: "json" };
import { Zone } from "./clock.ts";
import { Exact } from "./exact.ts";
import { comparisonsOf, figuresOf } from "./figures.ts";

const report = (): Report => reading(new TextEncoder().encode(fixture.report));

/** As the worker does it. */
const here: Compute = ({ report: one, what }, tell) =>
  Promise.resolve(
    (what === "figures" ? figuresOf : comparisonsOf)(one, (done, of) => {
      tell(done / of);
    }),
  );

/** The first computation of a report, and the shares of it that were told. */
async function computed(one: Report): Promise<[Result, number[]]> {
  const shares: number[] = [];
  const [check] = computationsOf(one, here);
  if (!check) throw new Error("a report has a computation");
  return [await made(check, (share) => shares.push(share)), shares];
}

/** The report with one value in place of another. */
function altered(place: string, value: Json): Report {
  const whole = report();
  const path = place.split("/");
  let inner = whole as unknown as Record<string, Json>;
  for (const step of path.slice(0, -1)) inner = inner[step] as Record<string, Json>;
  inner[path.at(-1) ?? ""] = value;
  return whole;
}

describe("an honest report", () => {
  test("is computed again figure by figure", async () => {
    const [result, shares] = await computed(report());
    expect(result).toEqual({
      state: "holds",
      found:
        "23,536.42 EUR, from 2 segments of evidence, 4 claimed exclusions. Computed again here, and as stated: Fee, " +
        "uptime, loading, energy, cold, Total.",
      figures: [
        ["Fee", "28,357.13 EUR"],
        ["uptime", "99.051952 %, -1,092.28 EUR"],
        ["loading", "55.060761 %, -3,728.43 EUR"],
        ["energy", "94.018272 %, 0.00 EUR"],
        ["cold", "100.000000 %, 0.00 EUR"],
        ["Total", "23,536.42 EUR"],
      ].map(([name, figure]) => ({ name, stated: figure, computed: figure, state: "holds" })),
    });
    expect(shares).toEqual([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1]);
  });

  test("is compared with what could have been", async () => {
    const [, check] = computationsOf(report(), here);
    const result = check && (await made(check));
    expect(result?.state).toBe("holds");
    expect(result?.found).toMatch(
      /^1 outcome of assumed evidence\. Computed again here, and as stated: Total of “a worse/,
    );
  });
});

describe("a report with another value in it", () => {
  test.each(fixture.cases)("is told as the verifier tells it: $name", async ({ path, value, known, found }) => {
    const [result] = await computed(altered(path, value));
    const reason = found.replace("cannot recompute", "It cannot be computed again here");
    expect(result.state).toBe(known ? "fails" : "unknown");
    expect(result.found.slice(0, reason.length)).toBe(reason);
  });

  test("adjusts no earlier period without the two statements that it is the difference of", async () => {
    const line = { kind: "adjustment", clause: "uptime", text: "February", minor: 12_345_600 };
    const [result] = await computed(altered("statement/lines/5", line));
    expect(result.state).toBe("fails");
    expect(result.found).toMatch(/^what adjusts uptime is the difference of no two statements that are named\. /);
  });

  test("is compared with nothing of another period", async () => {
    const whole = report();
    const at = whole.leaves.findIndex((leaf) => leaf.kind === "what_if_run");
    const [, check] = computationsOf(altered(`leaves/${String(at)}/payload/period/end`, "2026-03-10T23:00:00Z"), here);
    const result = check && (await made(check));
    expect(result?.state).toBe("fails");
    expect(result?.found).toMatch(/^what_if_run a worse world is of another contract or period than the statement\. /);
  });

  test("is told figure by figure", async () => {
    const [result] = await computed(altered("statement/total_minor", 2_353_643));
    expect(result.found).toBe(
      "statement/total_minor is 2353643, computed again it is 2353642. Computed again here, and as stated: Fee, uptime, " +
        "loading, energy, cold. Computed again here, and not as stated: Total.",
    );
    expect(result.figures?.at(-1)).toEqual({
      name: "Total",
      stated: "23,536.43 EUR",
      computed: "23,536.42 EUR",
      state: "fails",
    });
  });

  test("has no figures where its statement cannot be read", async () => {
    const [result] = await computed(altered("statement", null));
    expect(result).toEqual({
      state: "unknown",
      found: "It cannot be computed again here: statement is not an object.",
      figures: [],
    });
  });
});

describe("exact numbers", () => {
  test("are in lowest terms", () => {
    expect(new Exact(6, -4).toString()).toBe("-3/2");
    expect(new Exact(-7, 2).floor()).toBe(-4n);
    expect(new Exact(-7, 2).ceil()).toBe(-3n);
    expect(new Exact(1, 3).plus(new Exact(1, 6)).toString()).toBe("1/2");
    expect(() => new Exact(1).over(new Exact(0))).toThrow(RangeError);
  });
});

describe("clocks", () => {
  test("that are set forward and back", () => {
    const berlin = new Zone("Europe/Berlin");
    const at = (text: string): string => new Date(berlin.instant(text)).toISOString();
    expect(at("2026-03-29T02:30")).toBe("2026-03-29T01:00:00.000Z");
    expect(at("2026-10-25T02:30")).toBe("2026-10-25T00:30:00.000Z");
    expect(at("2026-10-25T02:30+01:00")).toBe("2026-10-25T01:30:00.000Z");
    expect(berlin.instant("2026-04-01") - berlin.instant("2026-03-01")).toBe(743 * 3_600_000);
    expect(() => new Zone("Europe/Atlantis")).toThrow("no time zone Europe/Atlantis is here");
  });
});
