"""What a reader of a page can read: each word, the colour it has and the ground it stands on."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, Route

from connector.core.writing.body import sanitise
from connector.model.mail import Content

#: Looks at every text of a page as a browser has laid it out.
_WORDS = """
() => {
  const rgba = text => {
    const found = /^rgba?\\(([^)]*)\\)$/.exec(text);
    if (!found) return null;
    const part = found[1].split(/[ ,/]+/).map(Number);
    return [part[0], part[1], part[2], part.length > 3 ? part[3] : 1];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== 'none') return null;
      const colour = rgba(style.backgroundColor);
      if (!colour) return null;
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const shown = (node, element) => {
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) return false;
    if (parseFloat(getComputedStyle(element).fontSize) <= 1) return false;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || box.right + scrollX <= 0 || box.bottom + scrollY <= 0) return false;
    let absolute = false;
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.clip === 'rect(0px, 0px, 0px, 0px)') return false;
      const clips = style.overflowX !== 'visible' || style.overflowY !== 'visible';
      const outer = at.getBoundingClientRect();
      if (clips && style.display !== 'inline' && (outer.width <= 2 || outer.height <= 2)) return false;
    }
    return true;
  };
  const luminance = colour => {
    const part = colour.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  };
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (['SCRIPT', 'STYLE', 'TITLE', 'TEMPLATE'].includes(element.tagName)) continue;
    const found = node.data.split(/\\s+/).filter(word => word);
    if (!found.length || !shown(node, element)) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const text = rgba(style.webkitTextFillColor) || rgba(style.color);
    let contrast = null;
    if (below && text) {
      const [one, other] = [luminance(over(text, below)), luminance(below)];
      contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    }
    for (const word of found) words.push([word, contrast]);
  }
  return {words, text: document.body.innerText};
}
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """A page as it is read: the visible words in their order, each with its contrast (None over a picture)."""

    words: list[tuple[str, float | None]]
    text: str


def stored_page(html: str) -> str:
    """A page that shows a stored body as a rich text field of Lightning does: black on white, in standards mode."""
    return (
        '<!doctype html><html><head><meta charset="utf-8"></head>'
        f'<body style="color:#000;background:#fff"><div>{html}</div></body></html>'
    )


def reading(browser: Browser, page: str) -> Reading:
    """How `page` is read, without scripts and without network."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1000, "height": 800})
    try:
        tab = context.new_page()
        tab.route("**/*", _refuse)
        tab.set_content(page, wait_until="domcontentloaded")
        found: dict[str, Any] = tab.evaluate(_WORDS)
    finally:
        context.close()
    return Reading([(word, contrast) for word, contrast in found["words"]], found["text"])


def both(browser: Browser, html: str, *, remote_images: bool = False) -> tuple[Reading, Reading]:
    """A body as its reader saw it, and as it is read once stored."""
    stored = sanitise(Content(html=html), remote_images=remote_images).html
    return reading(browser, html), reading(browser, stored_page(stored))


def requests_of(page: Page) -> list[str]:
    """The addresses that a page asks for from now on; none is answered."""
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/*", refuse)
    return asked


def _refuse(route: Route) -> None:
    route.abort()
