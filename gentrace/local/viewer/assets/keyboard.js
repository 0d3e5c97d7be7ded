// Keyboard shortcuts of all views: `/` for the search field, Escape for back, the others for the list.

const ARROWS = ["ArrowDown", "ArrowUp"];

/** Handle a key that no other listener has handled. A view may have `escape()` and `list`. */
export function handleKey(event, view) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  const typing = target.matches("input:not([type=checkbox]), select, textarea");
  if (event.key === "/" && !typing) {
    const search = document.querySelector("main [type=search]");
    if (search === null) return;
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape") {
    if (typing) leaveField(target, view);
    else view?.escape?.();
  } else if (view?.list && isNowhere(target)) {
    if (ARROWS.includes(event.key)) {
      event.preventDefault();
      view.list.focus();
    } else view.list.move(event);
  }
}

function leaveField(field, view) {
  if (field.type === "search" && field.value !== "") {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (view?.list) {
    view.list.focus();
  } else {
    field.blur();
  }
}

function isNowhere(target) {
  return target === document.body || target.id === "main" || target.tagName === "H1";
}
