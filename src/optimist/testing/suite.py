"""What suites share: flags that say what is promised, and how to expect an error without a test library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

TestT = TypeVar("TestT", bound=Callable[..., None])


def needs(flag: str, value: bool = True) -> Callable[[TestT], TestT]:
    """Leave a test out of the classes whose flag of this name has another value."""

    def mark(test: TestT) -> TestT:
        test.needed_flags = {**getattr(test, "needed_flags", {}), flag: value}  # type: ignore[attr-defined]
        return test

    return mark


class Suite:
    """A class of tests; tests of what a subclass does not promise are not collected, rather than skipped."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in dir(cls):
            if name in vars(cls):
                continue  # the suite itself keeps its tests, whatever its flags are before a subclass sets them
            test = next((vars(base)[name] for base in cls.__mro__ if vars(base).get(name) is not None), None)
            flags: dict[str, bool] = getattr(test, "needed_flags", {})
            if flags:
                is_promised = all(getattr(cls, flag) == value for flag, value in flags.items())
                setattr(cls, name, test if is_promised else None)  # pytest collects what can be called


@contextmanager
def raises(expected: type[BaseException] | tuple[type[BaseException], ...], mentions: str = "") -> Iterator[None]:
    """Expect the block to raise an error whose text holds these words."""
    caught: BaseException | None = None
    try:
        yield
    except expected as error:
        caught = error
    assert caught is not None, f"Nothing was raised, where {expected} should have been."
    assert mentions in str(caught), f"{type(caught).__name__} should mention {mentions!r}, but says: {caught}"
