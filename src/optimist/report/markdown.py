"""A report as Markdown, for a repository or a wiki; its pictures are PNG files drawn by Matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import numpy as np

from optimist.report.compose import compose
from optimist.report.contents import Picture
from optimist.report.templating import template
from optimist.study.study import Study
from optimist.visualization import matplotlib as faces

_DPI = 130

SavePicture = Callable[[str, bytes], str]
"""Takes the name of a picture and its PNG, and returns the path by which the text shall name it."""


def markdown_report(study: Study, save_picture: SavePicture | None = None) -> str:
    """The report of a study as Markdown.

    Args:
        study: Which.
        save_picture: Keeps the pictures; None: the report has none. Without Matplotlib it has none either, and says so.

    Raises:
        MissingDependencyError: Jinja2 is not installed.
    """
    page = template("report.md")
    is_drawn = save_picture is not None and faces.is_available()

    def path_of(picture: Picture) -> str | None:
        if save_picture is None or not is_drawn:
            return None
        return quote(save_picture(picture.plot, draw_png(study, picture)))

    note = save_picture is not None and not is_drawn
    return page.render(report=compose(study), path_of=path_of, lacks_matplotlib=note)


def draw_png(study: Study, picture: Picture) -> bytes:
    """A picture as PNG, by Matplotlib."""
    import matplotlib.pyplot as plt

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the text says where importances are in doubt
        drawn: Any = getattr(faces, f"plot_{picture.plot}")(study, **picture.arguments)
    figure = np.ravel(drawn)[0].figure
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    plt.close(figure)
    return content.getvalue()
