import { expect, test } from "vitest";
import { addressOf } from "./account.ts";

test.each([
  ["Ärzte & Co.", "arzte-co"],
  ["Straße 7", "strasse-7"],
  ["株式会社日立", ""],
  ["x".repeat(60), "x".repeat(50)],
  ["--a--", "a"],
])("the address of %s", (name, address) => {
  expect(addressOf(name)).toBe(address);
});
