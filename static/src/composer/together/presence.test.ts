import { describe, expect, it } from "vitest";
import { COLOURS, initialsOf, NOWHERE, Peers, peopleOf, type Peer } from "./presence.ts";

const peer = (tab: string, author: string, name = author): Peer => ({ tab, author, name, edits: true, at: NOWHERE });

describe("people", () => {
  it("are told apart by how they sign, and have all their tabs", () => {
    const people = peopleOf([peer("1", "b@x", "Bea"), peer("2", "a@x", "Ada"), peer("3", "b@x", "Bea")]);
    expect(people.map((person) => [person.name, person.tabs.map((tab) => tab.tab)])).toEqual([
      ["Ada", ["2"]],
      ["Bea", ["1", "3"]],
    ]);
  });

  it("have colours of their own as long as there are any, the same in whatever order they came", () => {
    const peers = Array.from({ length: COLOURS }, (_, index) => peer(String(index), `person${index * 7}@x`));
    const colours = (of: Peer[]): [string, number][] => peopleOf(of).map((person) => [person.author, person.colour]);
    expect(new Set(colours(peers).map(([, colour]) => colour)).size).toBe(COLOURS);
    expect(colours([...peers].reverse())).toEqual(colours(peers));
    const more = peopleOf([...peers, peer("x", "one more@x")]);
    expect(more.every((person) => person.colour >= 0 && person.colour < COLOURS)).toBe(true);
  });

  it.each([
    ["Ada Byron", "AB"],
    ["  ada   king  byron ", "AB"],
    ["Ada", "A"],
    ["Ørsted 泵", "Ø泵"],
    ["", "?"],
  ])("called %j have the initials %s", (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});

describe("those who are here", () => {
  it("are gone when they say so, or when they were not heard of for three beats", () => {
    const peers = new Peers();
    peers.take(peer("1", "a@x"), 0);
    peers.take(peer("2", "b@x"), 20_000);
    expect(peers.expire(30_000)).toBe(false);
    expect(peers.expire(30_001)).toBe(true);
    expect(peers.all.map(({ tab }) => tab)).toEqual(["2"]);
    expect([peers.leave("2"), peers.leave("2")]).toEqual([true, false]);
    expect(peers.all).toEqual([]);
  });

  it("are known by the last that was told of them", () => {
    const peers = new Peers();
    peers.take(peer("1", "a@x", "Before"), 0);
    peers.take(peer("1", "a@x", "After"), 1);
    expect(peers.all.map(({ name }) => name)).toEqual(["After"]);
    peers.clear();
    expect(peers.all).toEqual([]);
  });
});
