/** The last minutes of a signal, as they come in; what is older is let go. */
export const KEPT_S = 600;
const MOST = 1200;

export class Recent {
  /** Seconds. */
  readonly times: number[] = [];
  readonly values: number[] = [];
  at = "";
  value = NaN;
  quality = 0;

  /** When the newest reading was made, in milliseconds; null when there is none. */
  get moment(): number | null {
    return this.at ? Date.parse(this.at) : null;
  }

  /** Takes a reading; false when a newer one is known already. */
  take(at: string, value: number, quality: number): boolean {
    const time = Date.parse(at) / 1000;
    const newest = this.times.at(-1) ?? -Infinity;
    if (time < newest) return false;
    [this.at, this.value, this.quality] = [at, value, quality];
    if (time === newest) this.values[this.values.length - 1] = value;
    else {
      this.times.push(time);
      this.values.push(value);
    }
    this.letGo();
    return true;
  }

  /** Puts what was there before in front of what has come since. */
  before(times: number[], values: number[]): void {
    const first = this.times[0] ?? Infinity;
    const older = times.findIndex((time) => time >= first);
    const number = older < 0 ? times.length : older;
    this.times.unshift(...times.slice(0, number));
    this.values.unshift(...values.slice(0, number));
    this.letGo();
  }

  private letGo(): void {
    const newest = this.times.at(-1) ?? 0;
    let old = Math.max(0, this.times.length - MOST);
    while ((this.times[old] ?? Infinity) < newest - KEPT_S) old += 1;
    // Now and then rather than with each reading: to shift an array costs its whole length.
    if (old < 50 && this.times.length <= MOST) return;
    this.times.splice(0, old);
    this.values.splice(0, old);
  }
}
