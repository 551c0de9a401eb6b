import { expect, test } from "vitest";
import { begun, type Import } from "./sending.ts";

const one: Import = { id: "1", gateway: "g", name: "a.csv", size: 10, received: 4, status: "uploading" };

test("a file that broke off is gone on with, and no other", () => {
  const file = { name: "a.csv", size: 10 };
  expect(begun([one], file, "g")).toBe(one);
  for (const other of [{ gateway: "h" }, { name: "b.csv" }, { size: 11 }, { status: "ready" }])
    expect(begun([{ ...one, ...other }], file, "g")).toBeUndefined();
});
