"""Small plots as SVG, of the growth of a few figures: points joined by lines, four panels on a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

_WIDTH, _HEIGHT = 360, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 30, 30
#: From this ratio of largest to smallest value on, an axis is logarithmic.
_WIDE = 20


@dataclass(frozen=True)
class Panel:
    """One figure: its heading and its points."""

    heading: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class _Scale:
    """An axis: where a value lies between 0 and 1, and the values that are written beside it."""

    place: Callable[[float], float]
    ticks: tuple[float, ...]


def drawing(label: str, panels: Sequence[Panel]) -> str:
    """The page; `label` says what the horizontal axes are."""
    rows = -(-len(panels) // 2)
    width, height = 2 * _WIDTH, rows * _HEIGHT + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="11" fill="#333">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{width / 2}" y="{height - 8}" text-anchor="middle" font-size="12">{escape(label)}</text>',
    ]
    for number, panel in enumerate(panels):
        at = (number % 2 * _WIDTH, number // 2 * _HEIGHT)
        parts += [f'<g transform="translate({at[0]},{at[1]})">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> list[str]:
    across = scale([x for x, _ in panel.points])
    up = scale([y for _, y in panel.points])

    def x_of(value: float) -> float:
        return round(_LEFT + across.place(value) * (_WIDTH - _LEFT - _RIGHT), 1)

    def y_of(value: float) -> float:
        return round(_HEIGHT - _BOTTOM - up.place(value) * (_HEIGHT - _TOP - _BOTTOM), 1)

    parts = [f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(panel.heading)}</text>']
    for tick in up.ticks:
        parts.append(f'<path d="M{_LEFT} {y_of(tick)}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y_of(tick) + 4}" text-anchor="end">{_shown(tick)}</text>')
    below = f'y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle"'
    parts += [f'<text x="{x_of(tick)}" {below}>{_shown(tick)}</text>' for tick in across.ticks]
    places = [(x_of(x), y_of(y)) for x, y in panel.points]
    joined = " ".join(f"{x},{y}" for x, y in places)
    parts.append(f'<polyline points="{joined}" fill="none" stroke="#0b5394" stroke-width="2"/>')
    parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="#0b5394"/>' for x, y in places]
    return parts


def scale(values: Sequence[float]) -> _Scale:
    """Logarithmic where the values are wide apart, else from zero on."""
    least, most = min(values), max(values)
    if least > 0 and most / least >= _WIDE:
        low, high = floor(log10(least)), ceil(log10(most))
        return _Scale(lambda value: (log10(value) - low) / (high - low), tuple(10.0**n for n in range(low, high + 1)))
    step = _step(most or 1)
    top = step * ceil((most or 1) / step)
    return _Scale(lambda value: value / top, tuple(step * n for n in range(round(top / step) + 1)))


def _step(most: float) -> float:
    """A round distance, so that three to six of them reach the largest value."""
    unit = 10.0 ** floor(log10(most / 3))
    return next(unit * factor for factor in (1, 2, 5, 10) if unit * factor * 5 >= most)


def _shown(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1_000:g}k" if value >= 10_000 else f"{value:g}"
