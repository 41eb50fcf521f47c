"""Charts of a report as inline SVG: bars and lines, readable in light and dark, printed without a script.

Pure: numbers and names in, text out; every name is escaped. Colours come from the page's style sheet.
"""

from collections.abc import Sequence
from html import escape

WIDTH, ROW, LABEL, VALUE = 720, 26, 180, 70
HEIGHT, EDGE = 220, 36


def bars(rows: Sequence[tuple[str, float]], *, title: str) -> str:
    """One horizontal bar a row, the longest as wide as there is room."""
    most = max((value for _name, value in rows), default=0) or 1
    room = WIDTH - LABEL - VALUE
    drawn = []
    for number, (name, value) in enumerate(rows):
        y, width = number * ROW, round(room * value / most, 1)
        drawn.append(
            f'<text class="name" x="{LABEL - 8}" y="{y + 17}">{escape(_short(name))}</text>'
            f'<rect class="bar" x="{LABEL}" y="{y + 5}" width="{width}" height="16" rx="2"/>'
            f'<text class="value" x="{LABEL + width + 6}" y="{y + 17}">{value:g}</text>'
        )
    return _svg(title, max(ROW, ROW * len(rows)), "".join(drawn))


def lines(steps: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], *, title: str) -> str:
    """A line for each series over the same steps; a step without a value is a gap."""
    most = max((value for _name, values in series for value in values if value is not None), default=0) or 1
    across = (WIDTH - 2 * EDGE) / max(1, len(steps) - 1)

    def place(number: int, value: float) -> str:
        return f"{EDGE + number * across:.1f},{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / most:.1f}"

    drawn = [
        f'<line class="axis" x1="{EDGE}" y1="{HEIGHT - EDGE}" x2="{WIDTH - EDGE}" y2="{HEIGHT - EDGE}"/>',
        f'<text class="value" x="4" y="{EDGE}">{most:g}</text>',
    ]
    for kind, (name, values) in enumerate(series):
        for part in _unbroken(values):
            points = " ".join(place(number, value) for number, value in part)
            drawn.append(f'<polyline class="line line{kind}" points="{points}"/>')
        drawn.append(f'<text class="key line{kind}" x="{EDGE + kind * 140}" y="16">— {escape(name)}</text>')
    for number in sorted({0, len(steps) // 2, len(steps) - 1} if steps else set()):
        x = EDGE + number * across
        drawn.append(f'<text class="step" x="{x:.1f}" y="{HEIGHT - 12}">{escape(steps[number])}</text>')
    return _svg(title, HEIGHT, "".join(drawn))


def _unbroken(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    parts: list[list[tuple[int, float]]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            parts.append([])
        else:
            parts[-1].append((number, value))
    return [part for part in parts if part]


def _svg(title: str, height: int, inner: str) -> str:
    label = escape(title, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{inner}</svg>'


def _short(name: str) -> str:
    longest = 13
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
