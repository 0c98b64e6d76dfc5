"""The tags and the attributes that a rich text field gets."""

# fmt: off
TAGS = {
    "a", "abbr", "address", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup",
    "dd", "del", "dfn", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
    "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
}
# fmt: on
#: Tags whose text is no text of the mail either.
WITH_CONTENT = {"iframe", "noembed", "noframes", "script", "style", "title", "xml"}
VOID = frozenset({"br", "col", "hr", "img"})
_CELL = {"align", "bgcolor", "colspan", "height", "rowspan", "valign", "width"}
ATTRIBUTES = {
    "*": {"dir", "style", "title"},
    "a": {"href"},
    "caption": {"align"},
    "col": {"align", "span", "width"},
    "div": {"align"},
    "font": {"face", "size"},
    "hr": {"align", "size", "width"},
    "img": {"align", "alt", "height", "src", "width"},
    "li": {"value"},
    "ol": {"start", "type"},
    "p": {"align"},
    "table": {"align", "bgcolor", "border", "cellpadding", "cellspacing", "width"},
    "td": _CELL,
    "th": _CELL,
    "tr": {"align", "bgcolor", "valign"},
    "ul": {"type"},
    **{f"h{level}": {"align"} for level in range(1, 7)},
}
