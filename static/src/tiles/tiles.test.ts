import { describe, expect, it } from "vitest";
import { BETWEEN_MS, Pace } from "./pace.ts";
import { qualityLook } from "./quality.ts";
import { KEPT_S, Recent } from "./recent.ts";

const at = (second: number): string => new Date(1_767_225_600_000 + second * 1000).toISOString();
const T0 = 1_767_225_600;

describe("the recent past", () => {
  it("keeps the newest, corrects in place and refuses what is older", () => {
    const recent = new Recent();
    expect(recent.moment).toBeNull();
    expect([recent.take(at(1), 5, 0), recent.take(at(1), 6, 2), recent.take(at(0), 1, 0)]).toEqual([true, true, false]);
    expect([recent.times, recent.values, recent.value, recent.quality]).toEqual([[T0 + 1], [6], 6, 2]);
  });

  it("begins with what was there before", () => {
    const recent = new Recent();
    recent.take(at(5), 50, 0);
    recent.before([T0 + 1, T0 + 3, T0 + 5, T0 + 6], [1, 3, 5, 6]);
    expect(recent.values).toEqual([1, 3, 50]);
  });

  it("lets go of what is older than some minutes", () => {
    const recent = new Recent();
    for (let second = 0; second < 2000; second += 1) recent.take(at(second), second, 0);
    expect(recent.values.at(-1)).toBe(1999);
    expect(recent.values.length).toBeLessThanOrEqual(KEPT_S + 51);
    expect(recent.values.length).toBe(recent.times.length);
  });
});

describe("the pace", () => {
  it("draws at most ten times a second, each time all that changed", () => {
    let now = 0;
    const later: [number, () => void][] = [];
    const drawn: [number, string[]][] = [];
    const pace = new Pace<string>((things) => drawn.push([now, [...things].sort()]), {
      now: () => now,
      after: (milliseconds, run) => later.push([now + milliseconds, run]),
      frame: (run) => {
        run();
      },
    });
    for (now = 0; now < 1000; now += 1) {
      for (const [when, run] of later.splice(0)) {
        if (when <= now) run();
        else later.push([when, run]);
      }
      pace.touch(now % 2 ? "odd" : "even");
    }
    expect(drawn.length).toBe(10);
    drawn.slice(1).forEach(([when], index) => {
      expect(when - (drawn[index]?.[0] ?? 0)).toBeGreaterThanOrEqual(BETWEEN_MS);
    });
    expect(drawn[3]?.[1]).toEqual(["even", "odd"]);
  });
});

describe("quality", () => {
  it("has a word, an icon and a tone, also when it is new to us", () => {
    expect(qualityLook(0)).toEqual(["Good", "circle-check", "good"]);
    expect(qualityLook(3)[0]).toBe("Out of range");
    expect(qualityLook(99)[0]).toBe("Doubtful");
  });
});
