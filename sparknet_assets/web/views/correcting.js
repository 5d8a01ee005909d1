// Corrections of a document: sent, taken back, undone.

import * as api from "../core/api.js";
import { boxesFrom } from "../core/boxes.js";
import { failed, notice } from "../core/dialogs.js";
import { button } from "../core/dom.js";
import { label } from "../core/format.js";
import { editor } from "./field_editor.js";
import { typed } from "./values.js";

/**
 * What may be done with the values of a document.
 * A place is [schema, field]; a cell of a table is the field `table.ROW.column`.
 */
export function correcting({ docId, pages, canWrite }) {
  const path = (where) => ["documents", docId, "fields", ...where];
  return { canWrite, editorOf, takeBack };

  /** An editor for a value; `fill` shows what it has become, or what it was. */
  function editorOf(where, before, spec, { fill, focus }) {
    const name = label(where[1].split(".").pop());
    return editor({
      name,
      text: typed(before?.value),
      type: spec?.type,
      pages,
      save: async (text, chosen) => {
        fill(await correct(where, text, chosen));
        focus();
        notice(`${name} was corrected.`, {
          action: "Undo",
          act: () => undo(where, before).then(fill, failed),
        });
      },
      cancel: () => {
        fill(before);
        focus();
      },
    });
  }

  /** A button that takes a correction back; null where there is none. */
  function takeBack(where, value, fill) {
    if (value?.source !== "correction") return null;
    const act = () => api.remove(path(where)).then(fill, failed);
    return button(`Take back the correction of ${label(where[1])}`, act, {
      glyph: "undo",
      bare: true,
    });
  }

  function correct(where, text, chosen) {
    const place = chosen ? { page: chosen.boxes[0].page, boxes: chosen.boxes } : {};
    return api.putJson(path(where), { value: text, ...place });
  }

  /** The value as it was: of the correction before, or as extracted. */
  function undo(where, before) {
    if (before?.source !== "correction") return api.remove(path(where));
    const boxes = boxesFrom(before.boxes);
    return correct(where, typed(before.value), boxes.length ? { boxes } : null);
  }
}
