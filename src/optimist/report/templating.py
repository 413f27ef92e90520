"""The templates, which lie beside this file, and what they can call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from optimist.exceptions import MissingDependencyError

if TYPE_CHECKING:
    import jinja2

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]|~$])")
_AT_START: Final = re.compile(r"^([-+#=]|\d+[.)](?=\s))")  # of a heading, a list, a line that makes a heading
_BLANKS: Final = re.compile(r"\s+")


def template(name: str) -> jinja2.Template:
    """Load a template; values are escaped for HTML in those of .html, and by their filters in others.

    Raises:
        MissingDependencyError: Jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingDependencyError(
            "A report needs Jinja2, which is not installed. Install it with: pip install 'optimist[report]'"
        ) from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("optimist.report"),
        autoescape=jinja2.select_autoescape(("html",), default_for_string=True),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": markdown_text, "fence": fence}
    return environment.get_template(name)


def markdown_text(words: Any) -> str:
    """Words as Markdown shows them literally, in one line: neither markup nor HTML."""
    line = _BLANKS.sub(" ", str(words)).strip()
    escaped = _SPECIAL.sub(r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    start = _AT_START.match(escaped)
    return escaped if start is None else f"{start[0][:-1]}\\{start[0][-1]}{escaped[start.end() :]}"


def fence(text: str) -> str:
    """Backticks, more than stand in a row in the text."""
    return "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
