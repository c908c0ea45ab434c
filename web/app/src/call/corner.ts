// Where the own picture lies: in one of four corners.
//
// Owns: how it gets from one to another. Never does: touch an element.

export interface Corner {
  x: "left" | "right";
  y: "top" | "bottom";
}

/** One press of an arrow key. Other keys give nothing. */
export function byKey(corner: Corner, key: string): Corner | undefined {
  switch (key) {
    case "ArrowLeft":
      return { ...corner, x: "left" };
    case "ArrowRight":
      return { ...corner, x: "right" };
    case "ArrowUp":
      return { ...corner, y: "top" };
    case "ArrowDown":
      return { ...corner, y: "bottom" };
    default:
      return undefined;
  }
}

/** The corner nearest to where it was let go: the middle of the picture, within the stage. */
export function nearest(x: number, y: number, width: number, height: number): Corner {
  return { x: x < width / 2 ? "left" : "right", y: y < height / 2 ? "top" : "bottom" };
}
