import { beforeEach, describe, expect, it } from "vitest";
import type { SignalType } from "../model/catalogue.ts";
import { isOdd, isStale, LiveValues, PACE, shownSignals, summaryOf, type Alarm, type Reading } from "./values.ts";

const at = (second: number): string => new Date(Date.UTC(2026, 2, 1, 12, 0, second)).toISOString();
const now = Date.UTC(2026, 2, 1, 12, 1);
const flow: SignalType = { unit: "m3/h", range: ["0", "100"], patience: 30 };
const head: SignalType = { unit: "m" };

describe("live values", () => {
  let timers: [milliseconds: number, run: () => void][];
  let live: LiveValues;
  const pass = (): void => {
    for (const [, run] of timers.splice(0)) run();
  };
  beforeEach(() => {
    timers = [];
    live = new LiveValues({
      after: (milliseconds, run) => {
        timers.push([milliseconds, run]);
        return () => undefined;
      },
    });
  });

  it("come to the worst of several assets, with all their alarms", () => {
    const alarm = (asset: string, priority: string): Alarm => ({
      id: asset,
      asset,
      name: "High flow",
      priority,
      state: "unacknowledged",
    });
    live.take({
      values: { a: { flow: [at(50), 5, 0] }, b: { flow: [at(50), 500, 0] } },
      alarms: [alarm("a", "low"), alarm("b", "critical")],
    });
    const signals = { flow };
    const found = summaryOf(
      live,
      ["a", "b", "c"].map((id) => [id, signals] as const),
      now,
    );
    expect([found.status, found.alarms.map(({ asset }) => asset)]).toEqual(["warning", ["b", "a"]]);
    expect(
      summaryOf(
        live,
        [
          ["a", signals],
          ["c", signals],
        ],
        now,
      ).status,
    ).toBe("connected");
    expect(summaryOf(live, [], now)).toEqual({ status: "unknown", alarms: [] });
  });

  it("keep the newest reading", () => {
    live.take({ values: { a: { flow: [at(10), 5, 0] } } });
    live.take({ values: { a: { flow: [at(9), 4, 0] } } });
    expect(live.reading("a", "flow")).toEqual([at(10), 5, 0]);
    expect(live.reading("b", "flow")).toBeUndefined();
  });

  it("tell those who watch what has changed, all of a quarter of a second at once", () => {
    const told: string[] = [];
    const end = live.watch("a", () => told.push("a"));
    live.watch("b", () => told.push("b"));
    for (let second = 0; second < 50; second += 1) live.take({ values: { a: { flow: [at(second), second, 0] } } });
    expect([told, timers.map(([wait]) => wait)]).toEqual([[], [PACE]]);
    pass();
    expect(told).toEqual(["a"]);
    live.tick();
    pass();
    expect(told).toEqual(["a", "a", "b"]);
    end();
    live.take({ values: { a: { flow: [at(59), 0, 0] }, c: { flow: [at(59), 0, 0] } } });
    pass();
    expect(told).toHaveLength(3);
  });

  it("know the alarms that stand, the most urgent first", () => {
    const alarm = (id: string, priority: string, state = "unacknowledged"): Alarm => ({
      id,
      asset: "a",
      name: id,
      priority,
      state,
    });
    live.take({ alarms: [alarm("1", "low"), alarm("2", "critical", "acknowledged"), alarm("3", "high", "shelved")] });
    expect(live.alarmsOf("a").map(({ id }) => id)).toEqual(["2", "1"]);
    live.take({ alarms: [alarm("2", "critical", "normal")] });
    expect(live.alarmsOf("a").map(({ id }) => id)).toEqual(["1"]);
    let told = 0;
    live.watch("a", () => (told += 1));
    live.takeStanding([]);
    pass();
    expect([live.alarmsOf("a"), told]).toEqual([[], 1]);
  });

  it.each<[string, Record<string, Reading>, string]>([
    ["nothing", {}, "unknown"],
    ["a good value", { flow: [at(40), 50, 0] }, "connected"],
    ["one at the edge", { flow: [at(30), 100, 0] }, "connected"],
    ["one out of range", { flow: [at(40), 101, 0] }, "warning"],
    ["a doubtful one", { flow: [at(40), 50, 4] }, "warning"],
    ["one that a person put there", { flow: [at(40), 50, 7] }, "connected"],
    ["an old one", { flow: [at(29), 50, 0] }, "late"],
    ["an old one and one without a rate", { flow: [at(29), 50, 0], head: [at(0), 5, 0] }, "connected"],
  ])("of an asset with %s", (_what, readings, status) => {
    live.take({ values: { a: readings } });
    expect(live.status("a", { flow, head }, now)).toBe(status);
  });

  it("are stale and odd by what their signal says", () => {
    expect([isStale(flow, [at(29), 5, 0], now), isStale(head, [at(0), 5, 0], now)]).toEqual([true, false]);
    expect([isOdd(head, [at(0), 1e9, 0]), isOdd(flow, [at(0), -1, 0])]).toEqual([false, true]);
  });

  it("are shown as chosen, else the first two that are read", () => {
    const isRead = (signal: string): boolean => signal !== "a";
    expect(shownSignals(["a", "b", "c", "d"], undefined, isRead)).toEqual(["b", "c"]);
    expect(shownSignals(["a", "b", "c"], ["a", "gone"], isRead)).toEqual(["a"]);
    expect(shownSignals(["a", "b", "c"], [], isRead)).toEqual([]);
  });
});
