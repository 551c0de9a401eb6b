import { describe, expect, it } from "vitest";
import type { PropertyType } from "./catalogue.ts";
import { boundsInWords, textOfValue, valueOf, wordsOfValue, wrongWith } from "./values.ts";

const seal: PropertyType = {
  type: "text",
  choices: ["packed", "mechanical"],
  choice_names: { mechanical: { en: "Mechanical seal", de: "Gleitringdichtung" } },
};

describe("a property's value", () => {
  it.each([
    ["number", "12.5", "", "12.5"],
    ["number", "12,5", "", "12.5"],
    ["number", "12,5 m3/h", "", "12.5"],
    ["number", "12.5 m³/h", "", "12.5"],
    ["number", "12.5 bar", "Enter a number such as 12.5.", undefined],
    ["number", "0.10000000000000000001", "", "0.10000000000000000001"],
    ["number", "1e3", "Enter a number such as 12.5.", undefined],
    ["number", "1.234,5", "Enter a number such as 12.5.", undefined],
    ["number", "-1", "At least 0.", undefined],
    ["number", "101", "At most 100.", undefined],
    ["number", "", "", null],
    ["integer", "12", "", 12],
    ["integer", "12.5", "Enter a whole number.", undefined],
    ["boolean", "true", "", true],
    ["boolean", "No", "", false],
    ["boolean", "perhaps", "Enter yes or no.", undefined],
    ["text", "12,5", "", "12,5"],
    ["text", "x".repeat(2001), "At most 2,000 letters.", undefined],
    ["array", '["a", 1]', "", ["a", 1]],
    ["array", "a", "Enter a list such as [1, 2].", undefined],
    ["object", '{"a": "1"}', "", { a: "1" }],
    ["map", "[1]", 'Enter pairs such as {"a": 1}.', undefined],
  ] as const)("of type %s from %j", (type, text, wrong, value) => {
    const definition = { type, minimum: "0", maximum: "100", unit: "m3/h" };
    expect(wrongWith(text, definition)).toBe(wrong);
    if (value !== undefined) expect(valueOf(text, definition)).toEqual(value);
  });

  it("is one of the choices, by any of its names", () => {
    expect(
      ["packed", "PACKED", "gleitringdichtung"].map((text) => [wrongWith(text, seal), valueOf(text, seal)]),
    ).toEqual([
      ["", "packed"],
      ["", "packed"],
      ["", "mechanical"],
    ]);
    expect(wrongWith("glue", seal)).toBe("Choose one of packed, mechanical.");
  });

  it("is typed and read", () => {
    expect([null, 12, true, "x", { a: ["1"] }].map(textOfValue)).toEqual(["", "12", "true", "x", '{"a":["1"]}']);
    expect(wordsOfValue(true, { type: "boolean" }, "en")).toBe("yes");
    expect(wordsOfValue("mechanical", seal, "de-AT")).toBe("Gleitringdichtung");
    expect(wordsOfValue("packed", seal, "de")).toBe("packed");
  });

  it("has bounds in words", () => {
    expect(boundsInWords({ type: "number", minimum: "0", maximum: "100", unit: "m3/h" })).toBe("0 to 100 m³/h");
    expect(boundsInWords({ type: "number", minimum: "1" })).toBe("at least 1");
    expect(boundsInWords({ type: "number", maximum: "9", unit: "Cel" })).toBe("at most 9 °C");
    expect(boundsInWords({ type: "text" })).toBe("");
  });
});
