"""Self-contained HTML: one style sheet, pictures inlined, intervals drawn as SVG. No script, no network."""

import base64
import html
import math
from collections.abc import Sequence

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #667085; --line: #e3e7ee; --back: #ffffff; --card: #f7f8fb;
  --model: #2f6fed; --floor: #98a2b3; --ceiling: #12a37a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9f0; --soft: #98a2b3; --line: #2b3240; --back: #12151c;
  --card: #191e28; --model: #7aa5ff; --floor: #7b8496; --ceiling: #3ecf9f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 68rem; background: var(--back); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.02em; }
h2 { font-size: 1.3rem; margin: 3rem 0 .75rem; letter-spacing: -.01em; }
p, li { max-width: 46rem; } .soft { color: var(--soft); }
figure { margin: 1.25rem 0; overflow-x: auto; } figcaption { color: var(--soft); font-size: .9rem; }
figure img { image-rendering: pixelated; max-width: 100%; border-radius: 6px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .93rem; }
th { text-align: left; font-weight: 600; color: var(--soft); } th, td { padding: .45rem .6rem; white-space: nowrap;
  border-bottom: 1px solid var(--line); } td.n, th.n { text-align: right; }
tr.trivial td, tr.oracle td { color: var(--soft); } tr.model td:first-child { font-weight: 600; }
code, pre { font: .88rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem;
  overflow-x: auto; }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .7rem 1rem; }
.card b { display: block; font-size: 1.35rem; letter-spacing: -.01em; }
.card span { color: var(--soft); font-size: .88rem; }
"""


def page(title: str, body: Sequence[str]) -> str:
    """A whole document."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def text(words: str) -> str:
    """Words with the characters that HTML reserves escaped."""
    return html.escape(words)


def figure(png: bytes, caption: str, *, width: int | None = None) -> str:
    """A picture with its caption, inlined."""
    data = base64.b64encode(png).decode()
    size = f' width="{width}"' if width else ""
    return (
        f'<figure><img{size} alt="{html.escape(caption)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def bar(score: float, low: float, high: float, kind: str) -> str:
    """A score with its interval on the scale from -20 to 110, with marks at floor (0) and ceiling (100)."""

    if math.isnan(score):
        return "unscored"

    def x(value: float | int) -> float:
        return round((min(max(value, -20), 110) + 20) / 130 * 200, 1)

    colour = {"model": "var(--model)", "oracle": "var(--ceiling)"}.get(kind, "var(--floor)")
    return (
        '<svg width="200" height="18" viewBox="0 0 200 18" role="img">'
        f'<line x1="{x(0)}" x2="{x(0)}" y1="1" y2="17" stroke="var(--floor)" stroke-dasharray="2 2"/>'
        f'<line x1="{x(100)}" x2="{x(100)}" y1="1" y2="17" stroke="var(--ceiling)" stroke-dasharray="2 2"/>'
        f'<line x1="{x(low)}" x2="{x(high)}" y1="9" y2="9" stroke="{colour}" stroke-width="3" stroke-linecap="round"/>'
        f'<circle cx="{x(score)}" cy="9" r="4.5" fill="{colour}"/></svg>'
    )
