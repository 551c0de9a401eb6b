import { expect, it } from "vitest";
import { isNamed, rank } from "./rank.ts";

const entries = ["Statements", "Pump station North", "Status wall", "Test rig", "Outstanding"].map((label) => ({
  label,
  kind: "",
}));

it("puts labels that start so first, then words, then anywhere", () => {
  expect(rank(entries, "sta").map((entry) => entry.label)).toEqual([
    "Statements",
    "Status wall",
    "Pump station North",
    "Outstanding",
  ]);
});

it("keeps all in order when nothing is typed, and none when nothing fits", () => {
  expect(rank(entries, "")).toEqual(entries);
  expect(rank(entries, "zz")).toEqual([]);
});

it("wants every word, in any order", () => {
  expect(rank(entries, "north pump").map((entry) => entry.label)).toEqual(["Pump station North"]);
  expect(rank(entries, "pump rig")).toEqual([]);
  expect(isNamed({ label: "Pump station North", kind: "Twin" }, " NORTH  pu ")).toBe(true);
  expect(isNamed({ label: "Pump station North", kind: "Twin" }, "south pump")).toBe(false);
});
