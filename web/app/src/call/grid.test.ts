import { describe, expect, it } from "vitest";
import { arrange, cropped, MOST_CROPPED } from "./grid";

const GAP = 8;
const stages = [
  [390, 640],
  [320, 240],
  [844, 290],
  [1440, 760],
] as const;

describe("arrange", () => {
  it("gives one person everything", () => {
    expect(arrange(1, 1440, 760, GAP)).toEqual({ columns: 1, rows: 1, width: 1440, height: 760 });
  });

  it("keeps every tile on the stage, from 2 to 16 people", () => {
    for (const [width, height] of stages) {
      for (let count = 2; count <= 16; count++) {
        const grid = arrange(count, width, height, GAP);
        expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(count);
        expect(grid.columns * grid.width + (grid.columns - 1) * GAP).toBeLessThanOrEqual(width);
        expect(grid.rows * grid.height + (grid.rows - 1) * GAP).toBeLessThanOrEqual(height);
        expect(grid.width).toBeGreaterThan(30);
      }
    }
  });

  it("puts two one above the other on a phone, and side by side on a wide screen", () => {
    expect(arrange(2, 390, 640, GAP)).toMatchObject({ columns: 1, rows: 2 });
    expect(arrange(2, 1440, 760, GAP)).toMatchObject({ columns: 2, rows: 1 });
  });

  it("keeps the shape of a picture", () => {
    for (const [width, height] of stages) {
      for (let count = 2; count <= 16; count++) {
        const grid = arrange(count, width, height, GAP);
        expect(grid.width / grid.height).toBeGreaterThan(0.95);
        expect(grid.width / grid.height).toBeLessThan(1.85);
      }
    }
  });

  it("survives a stage that has no size yet", () => {
    expect(arrange(5, 0, 0, GAP)).toMatchObject({ width: 0, height: 0 });
  });
});

describe("cropped", () => {
  it("loses nothing where the shapes agree", () => {
    expect(cropped(16 / 9, 16 / 9)).toBe(0);
  });

  it("fills a square with wide pictures and upright ones", () => {
    expect(cropped(16 / 9, 1)).toBeLessThan(MOST_CROPPED);
    expect(cropped(9 / 16, 1)).toBeLessThan(MOST_CROPPED);
  });

  it("shows an upright phone whole on a wide tile, and 4:3 filling it", () => {
    expect(cropped(9 / 16, 16 / 9)).toBeGreaterThan(MOST_CROPPED);
    expect(cropped(4 / 3, 16 / 9)).toBeLessThan(MOST_CROPPED);
  });
});
