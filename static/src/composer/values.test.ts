import { describe, expect, it } from "vitest";
import { valueOf, wrongWith } from "./values.ts";

describe("a property's value", () => {
  it.each([
    ["number", "12.5", "", "12.5"],
    ["number", "12,5", "", "12.5"],
    ["number", "0.10000000000000000001", "", "0.10000000000000000001"],
    ["number", "1e3", "Enter a number such as 12.5.", undefined],
    ["number", "1.234,5", "Enter a number such as 12.5.", undefined],
    ["number", "-1", "At least 0.", undefined],
    ["number", "101", "At most 100.", undefined],
    ["number", "", "", null],
    ["integer", "12", "", 12],
    ["integer", "12.5", "Enter a whole number.", undefined],
    ["boolean", "true", "", true],
    ["boolean", "false", "", false],
    ["text", "12,5", "", "12,5"],
  ] as const)("of type %s from %j", (type, text, wrong, value) => {
    const definition = { type, minimum: "0", maximum: "100" };
    expect(wrongWith(text, definition)).toBe(wrong);
    if (value !== undefined) expect(valueOf(text, definition)).toBe(value);
  });
});
