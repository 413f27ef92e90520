"""A report as a file, in the form that the file's name asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from optimist.artifacts.replacing import replacing
from optimist.report.html import html_report
from optimist.report.markdown import markdown_report
from optimist.study.study import Study

FORMS: Final = {".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown"}


def write_report(study: Study, path: str | Path) -> Path:
    """Write the report of a study to a file.

    Args:
        study: Which.
        path: ``.html``: one file that holds all that it needs. ``.md``: Markdown, with its pictures in a folder beside it,
            ``report-pictures`` for ``report.md``, if Matplotlib is installed. A file of that name is replaced.

    Returns:
        The path.

    Raises:
        ValueError: The name ends otherwise.
        OSError: The file cannot be written.
        MissingDependencyError: Jinja2 is not installed, or plotly for HTML.
    """
    path = Path(path)
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise ValueError(f"A report is a file that ends in {', '.join(FORMS)}, but got {str(path)!r}.")
    if form == "html":
        write_file(path, html_report(study).encode())
        return path
    folder = path.with_name(f"{path.stem}-pictures")

    def save(name: str, png: bytes) -> str:
        folder.mkdir(exist_ok=True)
        write_file(folder / f"{name}.png", png)
        return f"{folder.name}/{name}.png"

    write_file(path, markdown_report(study, save).encode())
    return path


def write_file(path: Path, content: bytes) -> None:
    """Write a file that is there as a whole or not at all."""
    if path.exists() and not path.is_file():  # such as /dev/stdout
        path.write_bytes(content)
        return
    with replacing(path) as file:
        file.write(content)
