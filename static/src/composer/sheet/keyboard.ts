/** Where the keys lead in the table. */

export interface Cell {
  row: number;
  column: number;
}

export interface Extent {
  rows: number;
  columns: number;
  /** How many rows are in sight. */
  page: number;
}

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

/** A range from one corner to the other. */
export interface Range {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** The range between two cells, both included. */
export function rangeOf(one: Cell, other: Cell): Range {
  return {
    top: Math.min(one.row, other.row),
    bottom: Math.max(one.row, other.row),
    left: Math.min(one.column, other.column),
    right: Math.max(one.column, other.column),
  };
}

/** A cell within the table. */
export function within({ row, column }: Cell, { rows, columns }: Extent): Cell {
  return {
    row: Math.max(0, Math.min(row, rows - 1)),
    column: Math.max(0, Math.min(column, columns - 1)),
  };
}

/** The next cell in the row, then the first of the next row; null beyond the last and before the first. */
export function tabbed({ row, column }: Cell, { rows, columns }: Extent, step: 1 | -1): Cell | null {
  const place = row * columns + column + step;
  if (place < 0 || place >= rows * columns) return null;
  return { row: Math.floor(place / columns), column: place % columns };
}

/** Where a key leads from a cell; null when it leads nowhere. With Ctrl it leads to the edge. */
export function led(pressed: Pressed, at: Cell, extent: Extent): Cell | null {
  if (pressed.altKey) return null;
  const far = pressed.ctrlKey || pressed.metaKey;
  const { row, column } = at;
  const [bottom, end] = [extent.rows - 1, extent.columns - 1];
  const ways: Record<string, Cell> = {
    ArrowUp: { row: far ? 0 : row - 1, column },
    ArrowDown: { row: far ? bottom : row + 1, column },
    ArrowLeft: { row, column: far ? 0 : column - 1 },
    ArrowRight: { row, column: far ? end : column + 1 },
    Home: { row: far ? 0 : row, column: 0 },
    End: { row: far ? bottom : row, column: end },
    PageUp: { row: row - extent.page, column },
    PageDown: { row: row + extent.page, column },
  };
  const way = ways[pressed.key];
  return way ? within(way, extent) : null;
}

/** Whether a key is a letter that begins to be typed into the cell. */
export function isTyping({ key, ctrlKey, metaKey, altKey }: Pressed): boolean {
  return /^.$/u.test(key) && !ctrlKey && !metaKey && !altKey;
}

/** The rows to draw when so many pixels are scrolled away: those in sight, and a few more to either side. */
export function rowsInSight(
  scrolled: number,
  height: number,
  rowHeight: number,
  rows: number,
  more = 8,
): [number, number] {
  const first = Math.max(0, Math.floor(scrolled / rowHeight) - more);
  return [first, Math.min(rows, Math.ceil((scrolled + height) / rowHeight) + more)];
}
