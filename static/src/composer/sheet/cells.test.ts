import { describe, expect, it } from "vitest";
import { readCells, writeCells } from "./cells.ts";

describe("cells", () => {
  it.each<[string, string[][]]>([
    ["a\tb\nc\td\n", [["a", "b"], ["c", "d"]]], // prettier-ignore
    ["a\tb\r\nc\td", [["a", "b"], ["c", "d"]]], // prettier-ignore
    ["a\t\n\td", [["a", ""], ["", "d"]]], // prettier-ignore
    ["one", [["one"]]],
    ["", [[""]]],
    ["Pump, the big one", [["Pump, the big one"]]],
    ["12,5\n13\n", [["12,5"], ["13"]]],
    ["name,flow\nP-1,12", [["name", "flow"], ["P-1", "12"]]], // prettier-ignore
    ["name;flow\nP-1;12,5", [["name", "flow"], ["P-1", "12,5"]]], // prettier-ignore
    ['name,note\n"P-1, left","say ""yes""\nor no"', [["name", "note"], ["P-1, left", 'say "yes"\nor no']]], // prettier-ignore
    ['12" pipe\tb', [['12" pipe', "b"]]],
    ['"12" pipe\tb', [['"12" pipe', "b"]]],
    ['"never closed\tb', [['"never closed', "b"]]],
    ["a\n\nb", [["a"], [""], ["b"]]],
  ])("of %j", (text, cells) => {
    expect(readCells(text)).toEqual(cells);
  });

  it("are read as they were written", () => {
    const rows = [
      ["P-1, left", 'say "yes"', "", "two\nlines"],
      ["tab\there", " space ", "12,5", "=A1"],
    ];
    expect(readCells(writeCells(rows))).toEqual(rows);
    expect(readCells(writeCells(rows, ","))).toEqual(rows);
    expect(writeCells([["a", "b,c"]], ",")).toBe('a,"b,c"');
  });

  it("are nothing that a spreadsheet would run, and come back as they were", () => {
    const rows = [
      ["=cmd|' /C calc'!A0", "@SUM(A1)", "+49 40", "-P-1", "'=kept", "-5", "-5,5", "\t=1", "\r=1"],
      ["P-1", "", "", "", "'tis", "12", "-1e-3", "", "-"],
    ];
    for (const separator of ["\t", ",", ";"]) expect(readCells(writeCells(rows, separator))).toEqual(rows);
    expect(writeCells(rows.slice(0, 1), ",")).toBe(
      "'=cmd|' /C calc'!A0,'@SUM(A1),'+49 40,'-P-1,''=kept,-5,\"-5,5\",\"'\t=1\",\"'\r=1\"",
    );
  });
});
