import { expect, test } from "vitest";
import { fresh } from "./news.ts";

const hot = { name: "Outlet hot", asset_name: "P-101", priority: "high", state: "unacknowledged" };

test("says what calls for somebody", () => {
  expect(fresh({ alarms: [hot, { ...hot, state: "acknowledged" }], more: 0 })).toBe("high: P-101, Outlet hot");
});

test("says nothing when nothing does", () => {
  expect(fresh({ alarms: [{ ...hot, state: "normal" }], more: 0 })).toBe("");
  expect(fresh({})).toBe("");
});

test("says how many there are beyond a few", () => {
  expect(fresh({ alarms: [hot, hot, hot, hot], more: 7 })).toMatch(/, and 8 more$/);
});
