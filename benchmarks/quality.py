"""How good are the values that samplers find: ours beside those of other libraries, on problems of four families.

The score of a search at a budget is (r - b) / (r - reference), at least -1 and at most 1, where b is the best loss so far, r
the median of what random search has found with the full budget, and the reference the best loss of searches with ten times
the budget (``--references`` makes them; they are kept in benchmarks/problems/references.json). So 0 is random search with
everything, whatever share of the budget the search has had. Where the least possible loss is known, logarithms of the
distance to it take the place of losses. ``default=`` is not used.

Bounds: "optimist", the default, against the best rival: the 95 % interval of the difference of scores, problems and seeds
drawn anew, lies above 0, at a quarter and at the full budget; against each rival in each family it lies above -0.05.

    python benchmarks/quality.py --half dev                         the half of the problems that one may tune on
    python benchmarks/quality.py --half test                        the other half: read once for each design
    python benchmarks/quality.py --half dev --only optimist-gp --problems svm f8-5d --seeds 3
    python benchmarks/quality.py --half dev --table                 the kept results, nothing is run

Results are kept in benchmarks/results/quality/, one file for each contender, and not made again; --fresh makes those anew
of the contenders that are named by --only.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # one core for each process

import numpy as np  # noqa: E402 - after the line that keeps it to one core
import numpy.typing as npt  # noqa: E402
from contenders import CONTENDERS, OURS, SLOW  # noqa: E402
from problems import PROBLEMS, Problem  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "quality"
REFERENCES = Path(__file__).parent / "problems" / "references.json"
SHARES = (0.25, 0.5, 1.0)
LEAST_REGRET = 1e-8
TOLERATED_LOSS = 0.05
SMALL_SET = (
    *("f2-5d", "f3-5d", "f8-5d", "f10-5d", "f12-5d", "f13-5d", "f16-5d", "f21-5d"),
    *("network", "counts", "pipeline", "turned", "optimisers", "schedule", "regularised"),
    *("svm", "forest", "logistic", "boosting", "perceptron", "svc", "small-network"),
    *("regressing-neighbors", "tree", "kernel-ridge", "selected-bayes"),
)
"""Problems that the slow contenders are measured on."""

FloatArray = npt.NDArray[np.float64]
Found = dict[tuple[str, str, int], list[float]]
"""By (contender, problem, seed): the best loss at each share of the budget."""


# Running searches


def search(contender: str, name: str, seed: int) -> tuple[list[float], float]:
    """The best loss at each share of the budget, and the seconds that a trial took."""
    problem = PROBLEMS[name]
    start = time.perf_counter()
    losses = CONTENDERS[contender](problem, seed, problem.n_trials)
    seconds = (time.perf_counter() - start) / problem.n_trials
    best = np.minimum.accumulate(losses)
    return [float(best[min(math.ceil(share * problem.n_trials), len(best)) - 1]) for share in SHARES], seconds


@dataclass
class Kept:
    """The kept results of one contender."""

    contender: str

    @property
    def _path(self) -> Path:
        return RESULTS / f"{self.contender}.json"

    def read(self) -> dict[str, dict[str, list[float]]]:
        """By problem and seed: the best losses, and the seconds a trial as the last item."""
        found: dict[str, dict[str, list[float]]] = json.loads(self._path.read_text()) if self._path.exists() else {}
        return found

    def add(self, name: str, seed: int, best: list[float], seconds: float) -> None:
        """Keep one more."""
        found = self.read()
        found.setdefault(name, {})[str(seed)] = [*(float(f"{loss:.7g}") for loss in best), round(seconds, 5)]
        RESULTS.mkdir(parents=True, exist_ok=True)
        rows = [f'"{name}": {json.dumps(seeds, sort_keys=True)}' for name, seeds in sorted(found.items())]
        self._path.write_text("{\n" + ",\n".join(rows) + "\n}\n")


def seeds_of(contender: str, n_seeds: int) -> range:
    """Random search is the yardstick, so it has twice as many."""
    return range(2 * n_seeds if contender == "random" else n_seeds)


def run(contenders: Iterable[str], names: Sequence[str], n_seeds: int, n_processes: int, *, fresh: bool) -> None:
    """Run what is not kept."""
    todo = []
    for contender in contenders:
        kept = {} if fresh else Kept(contender).read()
        for name in names:
            if contender in SLOW and name not in SMALL_SET:
                continue
            todo += [(contender, name, s) for s in seeds_of(contender, n_seeds) if str(s) not in kept.get(name, {})]
    todo.sort(key=lambda key: key[2])
    with ProcessPoolExecutor(n_processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(search, *key): key for key in todo}
        for i, future in enumerate(as_completed(futures), 1):
            contender, name, seed = futures[future]
            try:
                Kept(contender).add(name, seed, *future.result())
            except Exception as error:  # noqa: BLE001 - a rival that cannot do a problem is told, and left out there
                print(f"\n{contender} on {name}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
            print(f"\r{i} of {len(todo)} searches", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def make_references(names: Sequence[str], n_processes: int) -> None:
    """Search with ten times the budget, and keep the best loss of all contenders and seeds."""
    kept = json.loads(REFERENCES.read_text()) if REFERENCES.exists() else {}
    methods = ("optimist-tpe", "optimist-gp", "optimist-cma")
    with ProcessPoolExecutor(n_processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(long_search, m, name): name for name in names if name not in kept for m in methods}
        best: dict[str, list[float]] = {}
        for future in as_completed(futures):
            name = futures[future]
            best.setdefault(name, []).append(future.result())
            if len(best[name]) == len(methods):
                kept[name] = float(f"{min(best[name]):.7g}")
                REFERENCES.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
                print(f"{name:14} {kept[name]:.5g}   ({', '.join(f'{loss:.5g}' for loss in best[name])})", flush=True)


def long_search(contender: str, name: str) -> float:
    """The best loss with ten times the budget."""
    problem = PROBLEMS[name]
    return min(CONTENDERS[contender](problem, 1000, 10 * problem.n_trials))


# Scores


def _scale(problem: Problem, loss: npt.ArrayLike) -> FloatArray:
    return np.log10(np.maximum(loss, LEAST_REGRET)) if problem.is_regret else np.asarray(loss, np.float64)


def scores(names: Sequence[str], contender: str, n_seeds: int) -> dict[str, FloatArray]:
    """For each problem that the contender was run on: (n_seeds, n_shares)."""
    references: dict[str, float] = json.loads(REFERENCES.read_text())
    random, found = Kept("random").read(), Kept(contender).read()
    scored: dict[str, FloatArray] = {}
    for name in names:
        of_seeds = [found.get(name, {}).get(str(seed)) for seed in range(n_seeds)]
        best = [row[: len(SHARES)] for row in of_seeds if row is not None]
        if not best:
            continue
        problem = PROBLEMS[name]
        start = np.median(_scale(problem, [row[len(SHARES) - 1] for row in random[name].values()]))
        span = start - _scale(problem, references[name])
        scored[name] = np.clip((start - _scale(problem, best)) / max(float(span), 1e-12), -1.0, 1.0)
    return scored


def interval(ours: dict[str, FloatArray], theirs: dict[str, FloatArray], share: int) -> tuple[float, float, float]:
    """The mean difference of scores over the problems of both, and its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    families: dict[str, list[str]] = {}
    for name in ours.keys() & theirs.keys():
        families.setdefault(PROBLEMS[name].family, []).append(name)
    names = [sorted(families[family]) for family in sorted(families)]
    mean = float(np.mean([ours[n][:, share].mean() - theirs[n][:, share].mean() for group in names for n in group]))
    drawn = np.zeros(4000)
    for i in range(len(drawn)):
        total, n = 0.0, 0
        for group in names:
            for j in rng.integers(len(group), size=len(group)):
                a, b = ours[group[j]][:, share], theirs[group[j]][:, share]
                total += a[rng.integers(len(a), size=len(a))].mean() - b[rng.integers(len(b), size=len(b))].mean()
                n += 1
        drawn[i] = total / n
    low, high = np.quantile(drawn, [0.025, 0.975])
    return mean, float(low), float(high)


def mean_ranks(scored: dict[str, dict[str, FloatArray]], share: int) -> dict[str, float]:
    """Over the problems that all of these were run on; 1 is the best."""
    common = set.intersection(*(set(by_name) for by_name in scored.values()))
    table = np.array([[scored[c][name][:, share].mean() for name in sorted(common)] for c in scored])
    ranks = 1 + (table[None] > table[:, None] + 1e-12).sum(axis=1) + 0.5 * (
        (np.abs(table[None] - table[:, None]) <= 1e-12).sum(axis=1) - 1
    )  # fmt: skip
    return dict(zip(scored, ranks.mean(axis=1).tolist(), strict=True))


# Tables


def print_tables(names: Sequence[str], contenders: Sequence[str], n_seeds: int) -> bool:
    """Print scores, ranks and differences; return whether the bounds of the default hold."""
    scored = {contender: scores(names, contender, n_seeds) for contender in contenders}
    scored = {contender: by_name for contender, by_name in scored.items() if by_name}
    whole = {c: by_name for c, by_name in scored.items() if len(by_name) == len(names)}
    families = list(dict.fromkeys(PROBLEMS[name].family for name in names))
    ranks = [mean_ranks(whole, i) for i in range(len(SHARES))] if whole else []
    head = "".join(f"{family:>22}" for family in (*families, "all"))
    print(f"\nScores at {', '.join(f'{share:.0%}' for share in SHARES)} of the budget; mean ranks\n{'':14}{head}")
    for contender, by_name in scored.items():
        cells = []
        for family in (*families, None):
            rows = [s.mean(axis=0) for n, s in by_name.items() if family in (None, PROBLEMS[n].family)]
            cells.append("  ".join(f"{v:+.2f}" for v in np.mean(rows, axis=0)) if rows else "")
        tail = "   ".join(f"{of[contender]:.2f}" for of in ranks) if contender in whole else f"{len(by_name)} problems"
        print(f"{contender:14}" + "".join(f"{cell:>22}" for cell in cells) + f"   {tail}")
    ours = scored.get("optimist")
    rivals = [contender for contender in scored if contender not in (*OURS, "random")]
    return True if ours is None or not rivals else print_bounds(ours, {rival: scored[rival] for rival in rivals})


def print_bounds(ours: dict[str, FloatArray], rivals: dict[str, dict[str, FloatArray]]) -> bool:
    """Print the differences of the default to its rivals; return whether the bounds hold."""
    holds = True
    whole = {rival: by_name for rival, by_name in rivals.items() if len(by_name) == len(ours)}
    for i, share in enumerate(SHARES):
        if not whole:
            break
        best = max(whole, key=lambda rival: float(np.mean([s[:, i].mean() for s in whole[rival].values()])))
        mean, low, high = interval(ours, whole[best], i)
        is_bound = share != SHARES[1]
        holds &= low > 0 or not is_bound
        said = ("holds" if low > 0 else "BROKEN") if is_bound else ""
        print(
            f"At {share:4.0%}: the default less {best}, the best rival: {mean:+.3f} [{low:+.3f}, {high:+.3f}]  {said}"
        )
    for rival, by_name in rivals.items():
        for family in dict.fromkeys(PROBLEMS[name].family for name in by_name):
            part = {name: row for name, row in by_name.items() if PROBLEMS[name].family == family}
            for i in (0, len(SHARES) - 1):
                mean, low, high = interval(ours, part, i)
                if low <= -TOLERATED_LOSS:
                    holds = False
                    print(f"  {rival}, {family}, {SHARES[i]:.0%}: {mean:+.3f} [{low:+.3f}, {high:+.3f}]  BROKEN")
    return holds


def main() -> int:
    """Run, print; the exit code says whether the bounds of the default hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=["dev", "test", "all"], default="dev")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--only", nargs="+", choices=list(CONTENDERS), help="run these; the table shows all that is kept"
    )
    parser.add_argument("--problems", nargs="+", choices=list(PROBLEMS), metavar="NAME")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="run again what is kept")
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument("--references", action="store_true", help="make what references are missing")
    options = parser.parse_args()
    names = options.problems or [n for n, p in PROBLEMS.items() if options.half in ("all", p.half)]
    if options.references:
        make_references(names, options.processes)
        return 0
    if not options.table:
        run(options.only or list(CONTENDERS), names, options.seeds, options.processes, fresh=options.fresh)
    references = json.loads(REFERENCES.read_text())
    unscored = [name for name in names if name not in references]
    if unscored:
        print(f"No scores without references; make those of {', '.join(unscored)} with --references.", file=sys.stderr)
        return 1
    return 0 if print_tables(names, list(CONTENDERS), options.seeds) else 1


if __name__ == "__main__":
    sys.exit(main())
