"""The progress bar in a notebook, which needs nothing but the notebook: rich itself would ask for ipywidgets."""

from __future__ import annotations

import time
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_INTERVAL_S: Final = 0.1
_WIDTH: Final = 100


class NotebookBar:
    """Shows a bar in one output of the cell that runs, and replaces it there.

    Args:
        bar: What to show; it need not be started.
    """

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._handle: Any = None
        self._shown_at = -_INTERVAL_S

    def show_now_and_then(self) -> None:
        """Show the bar, unless that was done just now."""
        if time.monotonic() - self._shown_at >= _INTERVAL_S:
            self.show()

    def show(self) -> None:
        """Show the bar as it stands."""
        from IPython.display import display  # a notebook has it

        self._shown_at = time.monotonic()
        form = _mime_bundle(self._bar)
        if self._handle is None:
            self._handle = display(form, raw=True, display_id=True)
        else:
            self._handle.update(form, raw=True)


def _mime_bundle(bar: Bar) -> dict[str, str]:
    """The bar as text and as HTML, by MIME type."""
    from rich.console import Console

    paper = Console(file=StringIO(), record=True, width=_WIDTH, force_jupyter=False)
    paper.print(bar.get_renderable())
    html = paper.export_html(clear=False, inline_styles=True, code_format="<pre>{code}</pre>")
    return {"text/plain": paper.export_text().rstrip(), "text/html": html}
