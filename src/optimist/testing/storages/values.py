"""What storages promise about values: what was written reads back as it was, or is refused with a clear error."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optimist.history.draft import StudyChange, TrialChange
from optimist.testing.storages.reader import read
from optimist.testing.storages.studies import COMPLETE, FAIL, MINIMIZE, STRANGE_NAMES, StorageCase
from optimist.testing.suite import needs, raises

DELICATE_FLOATS = (
    0.0,
    -0.0,
    0.1,
    1 / 3,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    -1.7976931348623157e308,
    9007199254740993.0,
    1e22,
    1e23,
    123456789012345678.0,
    float("inf"),
    float("-inf"),
)
INTEGERS = (0, 1, -1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63))

ATTRIBUTES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    1.0,
    -0.0,
    2**63 - 1,
    -(2**63),
    2**200,
    math.nan,
    math.inf,
    "",
    "NaN",
    'it\'s a "text"; DROP TABLE studies --',
    "🦜 naïve 名前",
    "nul \0 inside",
    "half a pair \ud800",
    "line\nbreak \u2028 \x7f",
    "1 MB " + "🦜" * 2**18,
    [],
    {},
    [1, [2.5, [None, ["x", {"y": [True]}]]]],
    {"a": {"b": {"c": [1, 2, 3]}}, "": 0},
    [math.nan, {"deep": -math.inf}],
    {"$json": "1"},
    {"$json": {"$json": [1]}},
    {"quote '\"": "back\\slash"},
)

DISTRIBUTIONS: tuple[tuple[BaseDistribution, tuple[Any, ...]], ...] = (
    (FloatDistribution(-5.0, 5.0), (-5.0, 0.0, 1 / 3)),
    (FloatDistribution(1e-300, 1e300, log=True), (1e-300, 3.3e-7)),
    (FloatDistribution(0.1, 0.9, step=0.1), (0.1, 0.30000000000000004)),
    (FloatDistribution(-1.7e308, 1.7e308), (1.7e308,)),
    (IntDistribution(-(2**63), 2**63 - 1), (-(2**63), 2**63 - 1, 2**53 + 1)),
    (IntDistribution(1, 1024, log=True), (1, 7)),
    (IntDistribution(0, 100, step=25), (75,)),
    (CategoricalDistribution(("a", "b'\"🦜", "")), (0, 1, 2)),
    (CategoricalDistribution((None, True, False, 7, 0.5, "x")), (0, 1, 3, 5)),
    (CategoricalDistribution((math.inf, -1.5)), (0,)),
    (CategoricalDistribution(tuple(range(500))), (499,)),
)


def some_floats(n: int) -> Iterable[float]:
    """Finite floats of all magnitudes, the same in every run."""
    state = 12345
    for _ in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        (value,) = struct.unpack("d", struct.pack("Q", state))
        yield value if math.isfinite(value) else 0.5


class ValueSuite(StorageCase):
    """Numbers to the last bit, text of any kind, distributions, attributes; and what is refused."""

    def test_objective_values_are_exact(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        study_id = storage.create_study("study", [MINIMIZE] * 2).study_id
        floats = [*DELICATE_FLOATS, *some_floats(200)]
        for value in floats:
            number = storage.begin_trial(study_id, 0).number
            storage.write(study_id, TrialChange(number, state=COMPLETE, values=(value, -value)))
        seen = [trial.values for trial in read(storage, study_id).trials.values()]
        assert repr(seen) == repr([(value, -value) for value in floats])

    def test_parameters_are_exact(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        wide = FloatDistribution(-1.7976931348623157e308, 1.7976931348623157e308)
        params: list[tuple[str, BaseDistribution, Any]]
        params = [(f"f{i}", wide, value) for i, value in enumerate([*DELICATE_FLOATS, *some_floats(100)])]
        params += [(f"i{i}", IntDistribution(-(2**63), 2**63 - 1), value) for i, value in enumerate(INTEGERS)]
        storage.add_trials(study_id, [TrialChange(state=FAIL, params=params)])
        number = storage.begin_trial(study_id, 0).number
        storage.write(study_id, TrialChange(number, params=params))
        for state in (None, FAIL):
            storage.write(study_id, TrialChange(number, state=state, user_attrs={"state": 0}))
            for seen in read(storage, study_id).trials.values():
                assert repr([(name, *rest) for name, rest in seen.params.items()]) == repr(params)

    @needs("keeps_order")
    def test_the_order_of_choices_is_kept(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        for ordered in (False, True, False):
            distribution = CategoricalDistribution(("small", "large"), ordered)
            storage.add_trials(study_id, [TrialChange(state=FAIL, params=[("size", distribution, 1)])])
        seen = [trial.params["size"][0] for trial in read(storage, study_id).trials.values()]
        assert [d.ordered for d in seen if isinstance(d, CategoricalDistribution)] == [False, True, False]

    def test_integers_beyond_64_bits_are_refused(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = storage.begin_trial(study_id, 0).number
        for value in (2**63, -(2**63) - 1):
            with raises((ValueError, OverflowError)):
                storage.write(study_id, TrialChange(number, params=[("n", IntDistribution(0, 2**70), value)]))

    def test_reports_are_exact(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = storage.begin_trial(study_id, 0).number
        floats = [*DELICATE_FLOATS, math.nan, *some_floats(100)]
        reports = dict(zip([2**63 - 1, 2**53 + 1, *range(len(floats))], floats, strict=False))
        for step, value in reports.items():
            storage.write(study_id, TrialChange(number, reports={step: value}))
        whole = storage.begin_trial(study_id, 0).number
        storage.write(study_id, TrialChange(whole, state=COMPLETE, values=(1.0,), reports=reports))
        expected = repr(sorted(reports.items()))
        assert all(repr(sorted(s.reports.items())) == expected for s in read(storage, study_id).trials.values())
        storage.write(study_id, TrialChange(number, state=FAIL))
        assert all(repr(sorted(s.reports.items())) == expected for s in read(storage, study_id).trials.values())

    def test_distributions_are_kept(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        for distribution, values in DISTRIBUTIONS:
            name = repr(distribution)[:80]
            for value in values:
                number = storage.begin_trial(study_id, 0).number
                storage.write(study_id, TrialChange(number, params=[(name, distribution, value)]))
                storage.write(study_id, TrialChange(number, state=FAIL))
                assert repr(read(storage, study_id).trials[number].params) == repr({name: (distribution, value)})

    def test_named_metrics_are_exact(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        floats = [*DELICATE_FLOATS, math.nan, *some_floats(30)]
        names = ["loss", *STRANGE_NAMES]
        reports = dict(enumerate(floats))
        metrics: dict[str, dict[int, float]] = {"loss": {}}
        for i, name in enumerate(STRANGE_NAMES):  # not all of them at each step
            metrics[name] = {step: -value for step, value in reports.items() if (step + i) % 3}
        whole = TrialChange(state=FAIL, reports=reports, metrics=metrics)
        storage.add_trials(study_id, [whole, TrialChange(state=FAIL, reports={0: 1.0})])
        number = storage.begin_trial(study_id, 0).number
        for step, value in reports.items():
            row = {name: {step: metrics[name][step]} for name in names[1:] if step in metrics[name]}
            storage.write(study_id, TrialChange(number, reports={step: value}, metrics={"loss": {}, **row}))
        for state in (None, FAIL):
            seen = read(storage, study_id).trials
            assert [sorted(trial.metrics) for trial in seen.values()] == [sorted(names), [], sorted(names)]
            for trial in (seen[0], seen[2]):
                assert next(iter(trial.metrics)) == "loss"
                assert repr({name: sorted(trial.metrics[name].items()) for name in names}) == repr(
                    {name: sorted(metrics[name].items()) for name in names}
                )
            if state is None:
                storage.write(study_id, TrialChange(number, state=FAIL))

    def test_ranges_may_change(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        spaces = [
            [("x", FloatDistribution(0.0, i + 1.0), float(i)), ("n", IntDistribution(0, 10 * i + 1), i)]
            for i in range(20)
        ]
        for space in [*spaces, *spaces]:
            number = storage.begin_trial(study_id, 0).number
            storage.write(study_id, TrialChange(number, state=FAIL, params=space))
        seen = [[(name, *rest) for name, rest in s.params.items()] for s in read(storage, study_id).trials.values()]
        assert repr(seen) == repr([*spaces, *spaces])

    def test_spaces_may_depend_on_values(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        kind, x = CategoricalDistribution(("a", "b")), FloatDistribution(0.0, 1.0)
        branches: list[list[tuple[str, BaseDistribution, Any]]] = [
            [("kind", kind, 0), ("x", x, 0.5)],
            [("kind", kind, 1), ("y", x, 0.25), ("x", x, 0.125)],
            [("x", x, 1.0), ("kind", kind, 1)],
            [],
        ]
        storage.add_trials(study_id, [TrialChange(state=FAIL, params=branch) for branch in branches])
        seen = [[(name, *rest) for name, rest in s.params.items()] for s in read(storage, study_id).trials.values()]
        assert seen == branches

    def test_strange_names_are_kept(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        params = [(name, FloatDistribution(0.0, 1.0), i / 16) for i, name in enumerate(STRANGE_NAMES)]
        attrs = {name: name for name in STRANGE_NAMES}
        number = storage.begin_trial(study_id, 0).number
        storage.write(study_id, TrialChange(number, params=params, user_attrs=attrs, system_attrs=attrs))
        storage.write(study_id, TrialChange(number, state=FAIL))
        storage.write_study(study_id, StudyChange(dict(attrs), dict(attrs)))
        seen = read(storage, study_id)
        assert [(name, *rest) for name, rest in seen.trials[number].params.items()] == params
        assert seen.trials[number].user_attrs == seen.trials[number].system_attrs == attrs
        assert seen.user_attrs == seen.system_attrs == attrs

    def test_impossible_names_of_values_are_refused(self, tmp_path: Path) -> None:
        storage, _ = self.new_study(tmp_path)
        for name in ("nul\0", "x" * 513, "half \ud800"):
            for change in (
                TrialChange(0, params=[(name, FloatDistribution(0.0, 1.0), 0.5)]),
                TrialChange(0, user_attrs={name: 1}),
                TrialChange(0, system_attrs={name: 1}),
                TrialChange(0, reports={0: 1.0}, metrics={"loss": {}, name: {0: 1.0}}),
            ):
                with raises(ValueError, "name"):
                    storage.check(change)

    def test_attributes_are_kept(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        attrs = {f"attr {i}": value for i, value in enumerate(ATTRIBUTES)}
        number = storage.begin_trial(study_id, 0).number
        for key, value in attrs.items():
            storage.write(study_id, TrialChange(number, user_attrs={key: value}))
        whole = storage.begin_trial(study_id, 0).number
        storage.write(study_id, TrialChange(whole, state=FAIL, user_attrs=attrs, system_attrs=attrs))
        storage.write_study(study_id, StudyChange(dict(attrs), dict(attrs)))
        expected = repr(sorted(attrs.items()))
        for state in (None, FAIL):
            seen = read(storage, study_id)
            assert repr(sorted(seen.trials[number].user_attrs.items())) == expected
            assert repr(sorted(seen.trials[whole].user_attrs.items())) == expected
            assert repr(sorted(seen.trials[whole].system_attrs.items())) == expected
            assert repr(sorted(seen.user_attrs.items())) == expected
            assert repr(sorted(seen.system_attrs.items())) == expected
            if state is None:
                storage.write(study_id, TrialChange(number, state=FAIL))

    @needs("keeps_objects", False)
    def test_what_json_cannot_hold_is_refused_before_anything_is_written(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = storage.begin_trial(study_id, 0).number
        before, cursor = str(read(storage, study_id)), read(storage, study_id).cursor
        circle: list[Any] = []
        circle.append(circle)
        for value in (object(), {1, 2}, b"bytes", 1j, {"deep": [object()]}, {(1, 2): 3}, circle):
            for change in (
                TrialChange(number, user_attrs={"fine": 1, "the culprit": value}),
                TrialChange(number, state=FAIL, system_attrs={"the culprit": value}),
            ):
                with raises(TypeError, "the culprit"):
                    storage.check(change)
                with raises(TypeError, "the culprit"):
                    storage.write(study_id, change)
            with raises(TypeError, "the culprit"):
                storage.write_study(study_id, StudyChange({"fine": 1, "the culprit": value}))
            with raises(TypeError, "the culprit"):
                storage.add_trials(study_id, [TrialChange(state=FAIL, user_attrs={"the culprit": value})])
        with raises(ValueError, "the culprit"):
            storage.write(study_id, TrialChange(number, user_attrs={"the culprit": "x" * 2**24}))
        assert str(read(storage, study_id)) == before
        assert storage.changes_since(study_id, cursor).cursor == cursor
        storage.write(study_id, TrialChange(number, state=FAIL))  # the trial itself is not harmed

    @needs("keeps_objects", False)
    def test_distribution_that_json_cannot_hold_is_refused(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = storage.begin_trial(study_id, 0).number
        before = str(read(storage, study_id))
        for distribution in (_Foreign(), _categorical(object()), _categorical((1, 2))):
            change = TrialChange(number, state=FAIL, params=[("culprit", distribution, 0)])
            with raises((TypeError, ValueError), "culprit"):
                storage.check(change)
            with raises((TypeError, ValueError), "culprit"):
                storage.write(study_id, change)
        assert str(read(storage, study_id)) == before
        storage.write(study_id, TrialChange(number, state=FAIL))


class _Foreign(BaseDistribution):
    """A distribution that we did not write."""

    def to_internal_repr(self, param_value_in_external_repr: Any) -> float:
        return float(param_value_in_external_repr)

    def single(self) -> bool:
        return False

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        return True


def _categorical(choice: Any) -> CategoricalDistribution:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CategoricalDistribution((choice, "b"))
