"""What a trial may take before its process is ended."""

from __future__ import annotations

from dataclasses import dataclass

from optimist.execution.crew import GRACE_S
from optimist.execution.memory import can_measure, parse_bytes, resident_bytes, show_bytes


@dataclass(frozen=True)
class Limits:
    """What a trial may take.

    Attributes:
        time_s: Seconds; None for no limit.
        n_bytes: Memory that its process holds, with the processes that it has started; None for no limit.
    """

    time_s: float | None = None
    n_bytes: int | None = None

    def __bool__(self) -> bool:
        return self.time_s is not None or self.n_bytes is not None

    @classmethod
    def of(cls, trial_timeout: float | None, trial_memory: float | str | None) -> Limits:
        """Understand what the user wrote.

        Raises:
            ValueError: A limit is not positive, or no number of bytes.
            NotImplementedError: This system does not tell how much memory a process holds.
        """
        if trial_timeout is not None and not trial_timeout > 0:
            raise ValueError(f"trial_timeout must be a positive number of seconds, but got {trial_timeout!r}.")
        if trial_memory is None:
            return cls(trial_timeout)
        if not can_measure():
            raise NotImplementedError("trial_memory needs /proc, which this operating system does not have.")
        return cls(trial_timeout, parse_bytes(trial_memory))

    def excess(self, pid: int, duration_s: float) -> tuple[str, float]:
        """Whether the process of a trial that has run for so long goes over a limit.

        Returns:
            Which limit, in words, and how many seconds the process may have to end of its own accord; empty words if
            all is well.
        """
        if self.time_s is not None and duration_s > self.time_s:
            return f"time limit of {self.time_s:g} s", GRACE_S
        if self.n_bytes is not None:
            held = resident_bytes(pid)
            if held > self.n_bytes:  # it may take more by the moment
                return f"memory limit of {show_bytes(self.n_bytes)} (it held {show_bytes(held)})", 0.0
        return "", 0.0
