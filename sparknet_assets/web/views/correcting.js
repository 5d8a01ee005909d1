// Corrections of a document: sent, taken back, undone; never over one that was not seen here.

import * as api from "../core/api.js";
import { boxesFrom } from "../core/boxes.js";
import { failed, notice } from "../core/dialogs.js";
import { button } from "../core/dom.js";
import { label } from "../core/format.js";
import { editor } from "./field_editor.js";
import { typed } from "./values.js";

const CHANGED = 412;

/**
 * What may be done with the values of a document.
 * A place is [schema, field]; a cell of a table is the field `table.ROW.column`.
 */
export function correcting({ docId, pages, canWrite }) {
  const path = (where) => ["documents", docId, "fields", ...where];
  // The version of the fields as they were loaded, and of each that was changed here since.
  let loaded = 0;
  const own = new Map();
  return { canWrite, editorOf, takeBack, seen };

  /** Says which version of the fields is shown. */
  function seen(version) {
    loaded = version;
  }

  /** An editor for a value; `fill` shows what it has become, or what it was. */
  function editorOf(where, before, spec, { fill, focus }) {
    const name = label(where[1].split(".").pop());
    let known = before;
    return editor({
      name,
      text: typed(before?.value),
      type: spec?.type,
      pages,
      save: async (text, chosen) => {
        try {
          fill(await correct(where, text, chosen));
        } catch (error) {
          // Who saves once more has read whose value it is that gives way.
          if (error.status === CHANGED) known = await lookAgain(where);
          throw error;
        }
        focus();
        const replaced = known;
        notice(`${name} was corrected.`, {
          action: "Undo",
          act: () => undo(where, replaced).then(fill, refused(where, fill)),
        });
      },
      cancel: () => {
        fill(known);
        focus();
      },
    });
  }

  /** A button that takes a correction back; null where there is none. */
  function takeBack(where, value, fill) {
    if (value?.source !== "correction") return null;
    const act = () => sent("DELETE", where).then(fill, refused(where, fill));
    return button(`Take back the correction of ${label(where[1])}`, act, {
      glyph: "undo",
      bare: true,
    });
  }

  function correct(where, text, chosen) {
    const place = chosen ? { page: chosen.boxes[0].page, boxes: chosen.boxes } : {};
    return sent("PUT", where, { value: text, ...place });
  }

  /** The value as it was: of the correction before, or as extracted. */
  function undo(where, before) {
    if (before?.source !== "correction") return sent("DELETE", where);
    const boxes = boxesFrom(before.boxes);
    return correct(where, typed(before.value), boxes.length ? { boxes } : null);
  }

  async function sent(method, where, json) {
    const version = Math.max(own.get(where.join()) ?? 0, loaded);
    const match = `"${version}"`;
    const { value, tag } = await api.change(method, path(where), { json, match });
    own.set(where.join(), Number(tag.match(/\d+/)[0]));
    return value;
  }

  /** Tells what went wrong, and shows what someone else has made of the value. */
  function refused(where, fill) {
    return async (error) => {
      failed(error);
      if (error.status === CHANGED) fill(await lookAgain(where));
    };
  }

  /** The value as it is now, whoever changed it. */
  async function lookAgain([schema, field]) {
    const found = await api.get(["documents", docId, "fields"]);
    own.set([schema, field].join(), found.version);
    const part = found.schemas.find((each) => each.schema_name === schema);
    const [table, row, column] = field.split(".");
    if (column === undefined) return part?.fields[field] ?? null;
    const cells = part?.tables[table];
    return cells?.rows[row]?.[cells.columns.indexOf(column)] ?? null;
  }
}
