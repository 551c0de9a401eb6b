import { describe, expect, it } from "vitest";
import type { TwinDocument } from "./document.ts";
import { groupKey, grouping, leaving, linesOf, nextGroupName, ungrouping } from "./groups.ts";
import { movesTo, withMembers } from "../canvas/moving.ts";
import { applyFitting, inverse } from "./operations.ts";
import { station, types } from "./sample.ts";
import { groupNode, noteNode, removing } from "../canvas/selection.ts";
import { edgesOf, nodesOf, originOf } from "../canvas/views.ts";

const grouped = applyFitting(station, grouping(station, ["a", "b"], "group_1", "Both"))[0];
const collapsed = applyFitting(grouped, [{ op: "collapse", group: "group_1", collapsed: true }])[0];
const draw = (document: TwinDocument) => nodesOf(document, types, [], [], null);

describe("grouping", () => {
  it("takes assets out of a group that loses all it had, which goes", () => {
    expect(Object.keys(grouped.groups)).toEqual(["group_1"]);
    expect([grouped.assets.a?.group, grouped.assets.b?.group, grouped.assets.c?.group]).toEqual([
      "group_1",
      "group_1",
      undefined,
    ]);
    const operations = grouping(station, ["a", "b"], "group_1", "Both");
    expect(applyFitting(grouped, inverse(station, operations))[0]).toMatchObject(station);
  });

  it("is taken back by ungrouping and by taking assets out", () => {
    expect(applyFitting(grouped, ungrouping(grouped, ["group_1"]))[0].groups).toEqual({});
    const [one] = applyFitting(grouped, leaving(grouped, ["a"]));
    expect([one.assets.a?.group ?? null, Object.keys(one.groups)]).toEqual([null, ["group_1"]]);
    expect(applyFitting(one, leaving(one, ["b", "c"]))[0].groups).toEqual({});
  });

  it("names and keys groups so that they do not meet", () => {
    expect(nextGroupName({ ...station, groups: { g: { name: "Group 1" } } }, "Group")).toBe("Group 2");
    expect(groupKey("0198c0de-0000-7000-8000-00000000000a")).toMatch(/^group_[0-9a-f]{16}$/);
  });
});

describe("a collapsed group", () => {
  it("is one box in place of its assets", () => {
    expect(draw(grouped).map(({ id, type }) => [id, type])).toEqual([
      [groupNode("group_1"), "frame"],
      [noteNode("n"), "note"],
      ["a", "asset"],
      ["b", "asset"],
      ["c", "asset"],
    ]);
    const [box, ...others] = draw(collapsed);
    expect(others.map(({ id }) => id)).toEqual([noteNode("n"), "c"]);
    expect(box).toMatchObject({ type: "group", position: { x: 0, y: 0 }, data: { name: "Both", count: 2 } });
  });

  it("sums up what is wrong with its assets", () => {
    const findings = ["a", "b", "c"].map((id) => ({ code: "x", place: `assets/${id}`, message: "", fix: "" }));
    const [box] = nodesOf(collapsed, types, findings, [], null);
    expect(box?.data.errors).toBe(2);
  });

  it("takes the links that lead into it, as one line for all that come from the same place", () => {
    const many = applyFitting(collapsed, [
      { op: "link", link: "cb", from: ["c", "outlet"], to: ["b", "inlet"], kind: "feeds" },
      { op: "link", link: "ca", from: ["c", "outlet"], to: ["a", "inlet"], kind: "feeds" },
    ])[0];
    expect(linesOf(many)).toEqual([
      {
        id: "bundle:c/outlet>group:group_1/in",
        source: "c",
        sourceHandle: "outlet",
        target: "group:group_1",
        targetHandle: "in",
        kind: "feeds",
        links: ["cb", "ca"],
      },
    ]);
    expect(linesOf(grouped).map(({ id }) => id)).toEqual(["ab"]);
    const drawn = edgesOf(many, []);
    expect(edgesOf(many, drawn)[0]).toBe(drawn[0]);
    const fewer = applyFitting(many, [{ op: "unlink", link: "ca" }])[0];
    expect(edgesOf(fewer, drawn)[0]?.data?.links).toEqual(["cb"]);
  });

  it("moves all that belongs to it by as much as itself", () => {
    const nodes = draw(collapsed);
    expect(movesTo(collapsed, originOf(nodes), new Map([[groupNode("group_1"), [40, 20]]]))).toEqual([
      { op: "move", asset: "a", at: [40, 20] },
      { op: "move", asset: "b", at: [440, 20] },
    ]);
  });

  it("keeps what is drawn as it was", () => {
    const nodes = draw(collapsed);
    const again = nodesOf(collapsed, types, [], nodes, null);
    expect(again.every((node, index) => node === nodes[index])).toBe(true);
  });
});

describe("a frame", () => {
  it("takes its assets along while it is dragged", () => {
    const nodes = draw(grouped);
    const { x, y } = nodes[0]?.position ?? { x: 0, y: 0 };
    const position = { x: x + 30, y: y - 10 };
    expect(
      withMembers([{ type: "position", id: groupNode("group_1"), position, dragging: true }], nodes).slice(1),
    ).toEqual([
      { type: "position", id: "a", position: { x: 30, y: -10 }, dragging: true },
      { type: "position", id: "b", position: { x: 430, y: -10 }, dragging: true },
    ]);
  });

  it("leaves an asset that is moved itself where it is told to go", () => {
    const nodes = draw(grouped);
    const moves = movesTo(
      grouped,
      originOf(nodes),
      new Map([
        [groupNode("group_1"), [0, 0]],
        ["a", [5, 5]],
        [noteNode("none"), [1, 1]],
      ]),
    );
    expect(moves.filter((move) => "asset" in move && move.asset === "a")).toEqual([
      { op: "move", asset: "a", at: [5, 5] },
    ]);
  });
});

describe("removing", () => {
  it("takes a group with its assets and links, and lets components of what goes stand alone", () => {
    const parted = applyFitting(grouped, [{ op: "attach", asset: "c", part_of: ["a", "motor"] }])[0];
    const operations = removing(parted, [groupNode("group_1")], ["ab"]);
    const [after, fitting] = applyFitting(parted, operations);
    expect(fitting).toEqual(operations);
    expect([Object.keys(after.assets), after.links, after.groups]).toEqual([["c"], {}, {}]);
    expect(after.assets.c?.part_of ?? null).toBeNull();
    expect(applyFitting(after, inverse(parted, operations))[0]).toEqual(parted);
  });

  it("takes notes and links on their own", () => {
    const noted = applyFitting(station, [{ op: "add_note", note: "m", at: [0, 0], text: "x" }])[0];
    expect(removing(noted, [noteNode("m")], ["ab"])).toEqual([
      { op: "unlink", link: "ab" },
      { op: "remove_note", note: "m" },
    ]);
  });
});
