// How pictures share a stage.
//
// Owns: the arithmetic. Never does: touch an element.

export interface Grid {
  columns: number;
  rows: number;
  /** Of one tile, in CSS px. */
  width: number;
  height: number;
}

/** The grid whose tiles are largest. One tile alone takes it all; more keep the shape of a picture. */
export function arrange(count: number, width: number, height: number, gap: number): Grid {
  if (count <= 1) return { columns: 1, rows: 1, width: Math.max(0, width), height: Math.max(0, height) };
  let best: Grid | undefined;
  for (let columns = 1; columns <= count; columns++) {
    const grid = withColumns(columns, count, width, height, gap);
    if (!best || area(grid) > area(best)) best = grid;
  }
  return best as Grid;
}

/** How much of a picture is lost if it fills a tile of another shape: 0 to 1. */
export function cropped(picture: number, tile: number): number {
  return 1 - Math.min(picture / tile, tile / picture);
}

/** A face that is cut by more than this is shown whole, with bars: a phone held upright on a wide screen. */
export const MOST_CROPPED = 0.45;

function withColumns(columns: number, count: number, width: number, height: number, gap: number): Grid {
  const rows = Math.ceil(count / columns);
  const cellWidth = Math.max(0, (width - gap * (columns - 1)) / columns);
  const cellHeight = Math.max(0, (height - gap * (rows - 1)) / rows);
  const shape = Math.min(WIDEST, Math.max(NARROWEST, cellWidth / Math.max(1, cellHeight)));
  const tileWidth = Math.min(cellWidth, cellHeight * shape);
  return { columns, rows, width: Math.floor(tileWidth), height: Math.floor(tileWidth / shape) };
}

function area(grid: Grid): number {
  return grid.width * grid.height;
}

/** Wide cameras give 16:9; in a square they and phones held upright both lose less than `MOST_CROPPED`. */
const WIDEST = 16 / 9;
const NARROWEST = 1;
