"""What a focus fixes, narrows and leaves, why, and what its probes have shown since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from optimist.history.tables import html_table, text_table, wrapped

_HEADER = ("parameter", "importance", "90% interval", "is", "at", "of", "why")

Treatment = Literal["searched", "narrowed", "fixed"]


@dataclass(frozen=True)
class FocusedParameter:
    """What becomes of one parameter.

    Attributes:
        name: Its name.
        treatment: "searched" over its whole range, "narrowed", or "fixed".
        where: The range or the value that is left, in words.
        whole: Its range, in words.
        importance: Its share of importance, by PED-ANOVA, when the focus was set.
        interval: The 90% interval of that.
        why: The reason, in a few words.
        taken_back_by: The trial that was the best of its time by a value outside, and so ended the restriction; None if
            it holds.
    """

    name: str
    treatment: Treatment
    where: str
    whole: str
    importance: float
    interval: tuple[float, float]
    why: str
    taken_back_by: int | None = None


@dataclass(frozen=True)
class FocusReport:
    """What :meth:`Study.focus` did, and what has come of it.

    Attributes:
        study_name: The study.
        since: The number of the first trial under the focus.
        budget: For how many trials it was made; None if that was not said.
        parameters: All parameters, the most important first.
        n_trials: How many trials have finished under the focus.
        n_probes: How many of them tested a value outside.
        n_earlier: How many focuses there were before this one.
    """

    study_name: str
    since: int
    budget: int | None
    parameters: tuple[FocusedParameter, ...]
    n_trials: int = 0
    n_probes: int = 0
    n_earlier: int = 0

    @property
    def taken_back(self) -> tuple[FocusedParameter, ...]:
        """Those whose restriction was beaten."""
        return tuple(p for p in self.parameters if p.taken_back_by is not None)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was done, in plain sentences."""
        kinds = {
            kind: [p.name for p in self.parameters if p.treatment == kind] for kind in ("fixed", "narrowed", "searched")
        }
        said = []
        if kinds["fixed"]:
            said.append(f"Fixed at the value of the best trial: {', '.join(kinds['fixed'])}.")
        if kinds["narrowed"]:
            said.append(f"Narrowed to where the good trials are: {', '.join(kinds['narrowed'])}.")
        if kinds["searched"]:
            said.append(f"Searched as before: {', '.join(kinds['searched'])}.")
        if not kinds["fixed"] and not kinds["narrowed"]:
            return (
                *said,
                "There is nothing to focus on yet: all parameters matter, and the good trials are everywhere.",
            )
        if self.n_trials:
            said.append(f"Since then {self.n_trials} trials have finished, {self.n_probes} of them probes outside.")
        said += [
            f"Taken back: {p.name}, for trial {p.taken_back_by} became the best by a value outside."
            for p in self.taken_back
        ]
        return tuple(said)

    def _rows(self) -> list[list[str]]:
        return [
            [
                p.name,
                f"{p.importance:.2f}",
                f"{p.interval[0]:.2f} to {p.interval[1]:.2f}",
                p.treatment if p.taken_back_by is None else "searched again",
                p.where if p.taken_back_by is None else p.whole,
                p.whole,
                p.why if p.taken_back_by is None else f"trial {p.taken_back_by} was better outside",
            ]
            for p in self.parameters
        ]

    def __str__(self) -> str:
        return f"{wrapped(self.sentences)}\n\n{text_table(_HEADER, self._rows())}"

    def _repr_html_(self) -> str:
        return html_table(f"Focus of {self.study_name}", self.sentences, _HEADER, self._rows())
