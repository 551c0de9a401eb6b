/** How long to wait before the next try, in milliseconds: doubling from one second to thirty, spread by a half. */
export function pause(failures: number, random: () => number = Math.random): number {
  const longest = Math.min(30_000, 1000 * 2 ** Math.max(0, failures - 1));
  return longest * (0.5 + random() / 2);
}
