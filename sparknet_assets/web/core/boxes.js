// Places on pages: {page, x0, y0, x1, y1} in fractions of the page, origin top left.

/** Boxes as objects; artifacts hold them as lists [page, x0, y0, x1, y1]. */
export const boxesFrom = (found) =>
  (found ?? []).map((box) =>
    Array.isArray(box) ? { page: box[0], x0: box[1], y0: box[2], x1: box[3], y1: box[4] } : box,
  );
