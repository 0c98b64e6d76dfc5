"""No text that was readable before a body is stored is unreadable afterwards; what was hidden stays away."""

import os
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from connector.core.writing.body import sanitise
from connector.model.mail import Content
from tests.browser.reading import Reading, both, reading, requests_of, stored_page

pytestmark = pytest.mark.browser

#: BODIES names a folder with more bodies to try, one a file.
FOLDERS = [Path(__file__).parents[1] / "fixtures" / "html", *map(Path, filter(None, [os.environ.get("BODIES")]))]
BODIES = {path.name: path for folder in FOLDERS for path in sorted(folder.glob("*.html"))}
#: WCAG 2: level AA, and what is asked of large text.
READABLE, LEGIBLE = 4.5, 3.0


def worse(before: Reading, after: Reading) -> list[str]:
    """What was read before and is missing, or read worse, after."""
    found, position = [], 0
    for word, contrast in before.words:
        there = next((at for at in range(position, len(after.words)) if after.words[at][0] == word), None)
        if there is None:
            found.append(f"{word!r} is missing")
            continue
        position = there + 1
        now = after.words[there][1]
        enough = LEGIBLE if contrast is None else min(contrast, READABLE)
        if now is None or now < enough - 0.1:
            found.append(f"{word!r} had a contrast of {contrast}, and has {now}")
    return found


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("remote_images", [False, True])
def test_nothing_that_could_be_read_becomes_unreadable(browser: Browser, name: str, remote_images: bool) -> None:
    html = BODIES[name].read_text("utf-8", "replace")
    before, after = both(browser, html, remote_images=remote_images)
    assert before.words
    assert worse(before, after) == []


@pytest.mark.parametrize("name", BODIES)
def test_words_do_not_join(browser: Browser, name: str) -> None:
    before, after = both(browser, BODIES[name].read_text("utf-8", "replace"))
    seen = Counter(word for word, _ in before.words)
    apart = Counter(before.text.split()) & seen
    assert apart - Counter(after.text.split()) == Counter()


def test_the_measure_sees_white_on_white(browser: Browser) -> None:
    before = reading(browser, '<div style="background:#222;color:#fff">white words</div>')
    after = reading(browser, stored_page('<div style="color:#fff">white</div>'))
    assert [line.split()[0] for line in worse(before, after)] == ["'white'", "'words'"]


def test_text_that_was_hidden_is_left_out(browser: Browser) -> None:
    _, after = both(browser, BODIES["newsletter.html"].read_text("utf-8"))
    read = {word for word, _ in after.words}
    hidden = "minutes tiny faint clipped indented invisible nested secret encoded escaped readers attribute away"
    assert not read & set(hidden.split())
    assert {"shown", "again", "Left", "Right", "Example", "report"} <= read


def test_what_is_meant_for_a_telephone_or_lies_beside_the_page_is_left_out(browser: Browser) -> None:
    _, after = both(browser, BODIES["responsive.html"].read_text("utf-8"))
    read = {word for word, _ in after.words}
    assert not read & {"telephone", "pocket", "leftward", "moved", "mould"}
    assert {"Wide", "Desk", "Second", "Label"} <= read


def test_colours_are_those_that_were_sent(browser: Browser) -> None:
    for name in ("word_table.html", "gmail.html", "apple_mail.html", "signature.html", "mshtml_capitals.html"):
        before, after = both(browser, BODIES[name].read_text("utf-8"))
        contrasts = iter(after.words)
        for word, contrast in before.words:
            now = next(now for there, now in contrasts if there == word)
            assert now == pytest.approx(contrast, abs=0.2), (name, word)


def test_columns_of_plain_text_stay(browser: Browser) -> None:
    text = "Fund           Value\nBonds         12,500\nShares       125,000"
    page = browser.new_context(java_script_enabled=False).new_page()
    page.set_content(stored_page(sanitise(Content(html=text, is_html=False)).html))
    assert page.inner_text("body").strip("\n") == text
    page.context.close()


def test_preformatted_text_wraps(browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False, viewport={"width": 600, "height": 400}).new_page()
    page.set_content(stored_page(sanitise(Content(html=f'<pre wrap="">{"word " * 200}</pre>')).html))
    assert page.evaluate("document.documentElement.scrollWidth") <= 600
    page.context.close()


def script_vectors() -> list[str]:
    """Markup that runs `hit()` in some browser, or in ours."""
    call = "hit()"
    plain = [
        f"<script>{call}</script>",
        f"<scr<script>ipt>{call}</scr</script>ipt>",
        f"<img src=x onerror={call}>",
        f"<img src=x:x onerror='{call}' alt='><script>{call}</script>'>",
        f"<svg onload={call}><animate onbegin={call} attributeName=x dur=1s>",
        f"<svg><style><img src=x onerror={call}></style></svg>",
        f"<svg><script>{call}</script></svg>",
        f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={call}&gt;'>",
        f"<math><annotation-xml encoding='text/html'><script>{call}</script></annotation-xml></math>",
        f"<noscript><p title='</noscript><img src=x onerror={call}>'>",
        f"<style><!--</style><img src=x onerror={call}>--></style>",
        f"<title><a title='</title><img src=x onerror={call}>'>",
        f"<textarea><a title='</textarea><img src=x onerror={call}>'></textarea>",
        f"<xmp><p title='</xmp><img src=x onerror={call}>'></xmp>",
        f"<iframe srcdoc='<script>parent.{call}</script>'></iframe>",
        f"<iframe src='javascript:parent.{call}'></iframe>",
        f"<object data='javascript:{call}'></object><embed src='javascript:{call}'>",
        f"<body onload={call} onpageshow={call} background='javascript:{call}'>",
        f"<details open ontoggle={call}>x</details><dialog open oncancel={call}>x</dialog>",
        f"<input autofocus onfocus={call}><video><source onerror={call}></video><audio src=x onerror={call}>",
        f"<marquee onstart={call}>x</marquee><select autofocus onfocus={call}><option>x</select>",
        f'<p style="x:expression({call});behavior:url(x);-moz-binding:url(x)">x</p>',
        f"<style>@import 'javascript:{call}';p{{background:url(\"javascript:{call}\")}}</style><p>x</p>",
        f"<p style='background:url(&quot;javascript:{call}&quot;);color:red;\"><img src=x onerror={call}>'>x</p>",
        f"<p style='font-family:\"</style><img src=x onerror={call}>\"'>x</p>",
        f"<style>p{{font-family:'\\22 \\3e \\3cimg src=x onerror={call}\\3e '}}</style><p>x</p>",
        f"<p title='\"><img src=x onerror={call}>'>x</p><p align='\"><script>{call}</script>'>x</p>",
        f"<font color='\"><img src=x onerror={call}>' face='\"><img src=x onerror={call}>'>x</font>",
        f"<img alt='&lt;img src=x onerror={call}&gt;' src='https://x.example/a.png'>",
        f"<img alt='<script>{call}</script>' src='cid:&lt;script&gt;{call}&lt;/script&gt;@x'>",
        f"<template><script>{call}</script></template><base href='javascript:{call}//'>",
        f"<meta http-equiv=refresh content='0;url=javascript:{call}'><link rel=stylesheet href='javascript:{call}'>",
        f"<!--[if gte IE 4]><script>{call}</script><![endif]--><![CDATA[<script>{call}</script>]]>",
        f"<?xml version='1.0'?><x:script xmlns:x='http://www.w3.org/1999/xhtml'>{call}</x:script>",
        f"<plaintext><script>{call}</script>",
        f"&lt;script&gt;{call}&lt;/script&gt;&amp;lt;script&amp;gt;{call}&amp;lt;/script&amp;gt;",
        f"<a href='x' x='1'><td x=\"0\"><x-body x='0' onload={call}><script x='0'>{call}</script>",
    ]
    schemes = ("javascript:", "JaVaScRiPt:", "&#106;avascript:", "java&Tab;script:", " javascript:", "\x01javascript:",
               "javascript&colon;", "data:text/html,<script>parent.", "vbscript:")  # fmt: skip
    return [*plain, *(f'<a href="{scheme}{call}">link</a>' for scheme in schemes)]


@pytest.mark.parametrize("vector", script_vectors())
def test_no_script_runs_in_a_stored_body(browser: Browser, vector: str) -> None:
    stored = sanitise(Content(html=f"<div>{vector}</div><p>end</p>"), remote_images=True).html
    context = browser.new_context()
    page = context.new_page()
    asked = requests_of(page)
    failures: list[str] = []
    page.on("dialog", lambda dialog: (failures.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.set_content("<!doctype html><script>var hits = 0; function hit() { hits += 1 }</script><div id=field></div>")
    # as a field does it, and as a page of its own
    page.evaluate("html => { document.getElementById('field').innerHTML = html }", stored)
    for link in page.locator("#field a[href]").all():
        assert (link.get_attribute("href") or "").startswith(("http:", "https:", "mailto:", "tel:"))
    assert page.evaluate("hits") == 0
    page.set_content(
        "<!doctype html><script>var hits = 0; function hit() { hits += 1 }</script>" + stored,
        wait_until="load",
    )
    assert page.evaluate("hits") == 0
    assert page.evaluate("document.querySelectorAll('script').length") == 1
    assert failures == []
    assert all(url.startswith("https://x.example/") for url in asked)
    context.close()


def test_the_vectors_do_run_unless_they_are_cleaned(browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    requests_of(page)
    ran = 0
    for vector in script_vectors()[:6]:
        page.set_content("<!doctype html><script>var hits = 0; function hit() { hits += 1 }</script>" + vector)
        page.wait_for_function("document.readyState === 'complete'")
        ran += bool(page.evaluate("hits"))
    assert ran >= 3
    context.close()


def test_a_stored_body_asks_no_server_for_anything(browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked = requests_of(page)
    for path in BODIES.values():
        page.set_content(stored_page(sanitise(Content(html=path.read_text("utf-8", "replace"))).html))
    assert asked == []
    page.set_content(
        stored_page(sanitise(Content(html=BODIES["newsletter.html"].read_text()), remote_images=True).html)
    )
    assert asked == ["https://news.example/logo.png"]
    context.close()
