// The keyboard: one listener; each view says what its keys do while it is shown.

const EVERYWHERE = new Map();
let ofView = new Map();

const LETTERS = /^(input|textarea|select)$/i;
const typing = (target) =>
  target.isContentEditable ||
  (LETTERS.test(target.tagName) && !/^(checkbox|radio|button|range)$/.test(target.type));

/** Keys that work in every view: {key: function}. */
export const bindEverywhere = (keys) => {
  for (const [name, act] of Object.entries(keys)) EVERYWHERE.set(name, act);
};

/** Keys of the view that is shown; replaces those of the one before. */
export const bindView = (keys) => {
  ofView = new Map(Object.entries(keys));
};

export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const act = ofView.get(event.key) ?? EVERYWHERE.get(event.key);
    if (!act) return;
    if (act(event) !== false) event.preventDefault();
  });
}

/** Moves the focus among the items of a list, by j and k. */
export function mover(container, selector) {
  const move = (step) => {
    const items = [...container.querySelectorAll(selector)];
    if (!items.length) return;
    const at = items.findIndex((item) => item.contains(document.activeElement));
    const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : at + step;
    const item = items[Math.max(0, Math.min(items.length - 1, next))];
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
  };
  return { j: () => move(1), k: () => move(-1), ArrowDown: inList(1), ArrowUp: inList(-1) };

  function inList(step) {
    return () => container.contains(document.activeElement) && move(step) === undefined;
  }
}

export const SHORTCUTS = [
  ["/", "Search box"],
  ["j  k", "Next, previous item of a list"],
  ["Enter", "Open the item"],
  ["[  ]", "Previous, next page"],
  ["+  -", "Larger, smaller; 0 fits the width"],
  ["b", "Boxes of words and lines"],
  ["g d", "Documents"],
  ["g s", "Search"],
  ["g a", "Ask"],
  ["g p", "Plan & costs"],
  ["t", "Dark or light"],
  ["Esc", "Close, or back to the list"],
  ["?", "These keys"],
];
