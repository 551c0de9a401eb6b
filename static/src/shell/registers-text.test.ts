import { expect, test } from "vitest";
import { rowsOf, textOf } from "./registers-text.ts";

test("a table with headings in any order is read by them", () => {
  expect(rowsOf("address;key;type\n4;level;int16\n")).toEqual([["level", "", "", "4", "int16", "", "", "", ""]]);
});

test("cells of a spreadsheet come with tabs and without headings", () => {
  expect(rowsOf("level\t1\tholding\t4\r\nflow\t1\tholding\t6\n")).toEqual([
    ["level", "1", "holding", "4", "", "", "", "", ""],
    ["flow", "1", "holding", "6", "", "", "", "", ""],
  ]);
});

test("a key with commas and quotes comes back as it was", () => {
  const rows = [['a "b", c', "1", "coil", "0", "bit", "", "", "", ""]];
  expect(rowsOf(textOf(rows))).toEqual(rows);
});

test("empty rows are left out", () => {
  expect(textOf([["", "", "", "", "", "", "", "", ""]])).toBe(
    "key,unit,table,address,type,bit,word_order,byte_order,every_ms\n",
  );
});
