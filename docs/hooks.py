"""What the site does to a page before it is drawn. `mkdocs.yml` names this file."""

import re
from typing import Any


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Take away the mark of blocks that tests do not run: the highlighter would take such a block for prose."""
    return re.sub(r"^( *```\w+) no-run$", r"\1", markdown, flags=re.MULTILINE)
