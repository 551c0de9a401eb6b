/** Exact fractions on BigInt: always in lowest terms, with a denominator above zero. */
export class Exact {
  readonly top: bigint;
  readonly bottom: bigint;

  constructor(top: bigint | number, bottom: bigint | number = 1) {
    const [above, below] = [BigInt(top), BigInt(bottom)];
    const shared = common(above < 0n ? -above : above, below < 0n ? -below : below);
    const sign = below < 0n ? -1n : 1n;
    this.top = (sign * above) / shared;
    this.bottom = (sign * below) / shared;
  }

  plus(other: Exact): Exact {
    return new Exact(this.top * other.bottom + other.top * this.bottom, this.bottom * other.bottom);
  }

  minus(other: Exact): Exact {
    return new Exact(this.top * other.bottom - other.top * this.bottom, this.bottom * other.bottom);
  }

  times(other: Exact | bigint | number): Exact {
    if (other instanceof Exact) return new Exact(this.top * other.top, this.bottom * other.bottom);
    return new Exact(this.top * BigInt(other), this.bottom);
  }

  /** @throws RangeError for a division by zero. */
  over(other: Exact): Exact {
    return new Exact(this.top * other.bottom, this.bottom * other.top);
  }

  /** Below, at or above zero, as this is less than, equal to or more than the other. */
  compare(other: Exact): number {
    return sign(this.top * other.bottom - other.top * this.bottom);
  }

  get isZero(): boolean {
    return this.top === 0n;
  }

  /** The largest whole number that is not above. */
  floor(): bigint {
    const whole = this.top / this.bottom;
    return this.top < 0n && whole * this.bottom !== this.top ? whole - 1n : whole;
  }

  /** The smallest whole number that is not below. */
  ceil(): bigint {
    return -new Exact(-this.top, this.bottom).floor();
  }

  /** `7` or `7/2`. */
  toString(): string {
    return this.bottom === 1n ? String(this.top) : `${String(this.top)}/${String(this.bottom)}`;
  }
}

export const ZERO = new Exact(0);
export const ONE = new Exact(1);

/** The sum of exact numbers. */
export function sum(all: Exact[]): Exact {
  return all.reduce((some, one) => some.plus(one), ZERO);
}

/** The smaller of two exact numbers. */
export function least(one: Exact, other: Exact): Exact {
  return other.compare(one) < 0 ? other : one;
}

/** The sign of a whole number. */
export function sign(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}

/** The greatest common divisor; of nothing and nothing there is none. */
function common(one: bigint, other: bigint): bigint {
  if (other === 0n) throw new RangeError("division by zero");
  let [greater, rest] = [one, other];
  while (rest) [greater, rest] = [rest, greater % rest];
  return greater;
}
