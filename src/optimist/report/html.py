"""A report as one HTML file that holds all that it needs: plotly.js once, the figures as data, and nothing from elsewhere.

A content security policy forbids the page every connection, and every script but the two that are named by their hash: what a
user called a study or a parameter cannot run, should it ever escape being escaped.
"""

from __future__ import annotations

import base64
import hashlib
import warnings
from typing import TYPE_CHECKING, Any, Final

from optimist import visualization
from optimist.report.compose import compose
from optimist.report.contents import Picture
from optimist.report.templating import template
from optimist.study.study import Study
from optimist.visualization.plotly.figure import graph_objects

if TYPE_CHECKING:
    import plotly.graph_objects as go

N_WEBGL: Final = 8
"""So many figures drawn by WebGL a page can hold; browsers take the first ones away when there are more."""

_WEBGL_TRACES: Final = frozenset(
    {"scattergl", "scatterpolargl", "heatmapgl", "parcoords", "splom", "scatter3d", "surface"}
)

_DRAW: Final = """\
for (const data of document.querySelectorAll('script[type="application/json"]')) {
  const figure = JSON.parse(data.textContent);
  figure.layout.autosize = true;
  Plotly.newPlot(data.previousElementSibling, figure.data, figure.layout,
                 {responsive: true, displaylogo: false, showSendToCloud: false});
}
"""


def html_report(study: Study) -> str:
    """The report of a study as an HTML page.

    It opens in any browser, without a network. Studies without trials, or without a good one, get a report that says so.

    Raises:
        MissingDependencyError: Jinja2 or plotly is not installed.
    """
    graph_objects()
    from plotly.offline import get_plotlyjs  # heavy, and optional

    page = template("report.html")
    plotly_js: str = get_plotlyjs()
    report = compose(study)
    figures = Figures(study)
    return page.render(
        report=report,
        figure_of=figures.json_of,
        plotly_js=plotly_js,
        draw_js=_DRAW,
        hashes=[_hash_of(plotly_js), _hash_of(_DRAW)],
    )


def _hash_of(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Figures:
    """Draws the pictures of one page, and keeps count of those that need WebGL."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._n_webgl = 0

    def json_of(self, picture: Picture) -> str | None:
        """The figure as JSON that may stand in a page's script; None if the page holds no more of its kind."""
        plot = getattr(visualization, f"plot_{picture.plot}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the text says where importances are in doubt
            figure: go.Figure = plot(self._study, **picture.arguments)
        if needs_webgl(figure):
            self._n_webgl += 1
            if self._n_webgl > N_WEBGL:
                return None
        text: str = figure.to_json()
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def needs_webgl(figure: Any) -> bool:
    """Whether a figure is drawn by WebGL."""
    return any(trace.type in _WEBGL_TRACES for trace in figure.data)
