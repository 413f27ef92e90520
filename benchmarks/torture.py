"""Whether anything is lost, or done twice, when workers are killed all the time and the database goes away.

Kill      Six workers share a study with 200 enqueued trials. A random one gets SIGKILL every half second for a minute
          and is started again; the server, where there is one, is killed once and started two seconds later.
          Afterwards the workers run undisturbed until the budget (`total_trials`) is spent. Then every told trial must
          be there with its value, numbers dense, every enqueued trial must have exactly one final outcome, the budget
          be met exactly, no trial still be running or waiting, none have been started twice, and no worker have died of
          anything but our signals.
Stop      A worker in the middle of a trial gets SIGSTOP for three grace times. Its trial must be given up and retried,
          with one outcome, and the late tell be refused and survived.

Nobody may wait more than two seconds for what a dead worker left locked. What we can see is the time from the end of an
objective to the next objective, and that of each report. It contains more than locks: on two cores, which also start
two interpreters a second, a process that waits for nobody stands still for some tenths of a second now and then; so a
second more is allowed, and what happened while the server was away, or within five seconds after, does not count. Nor
does waiting after the last kill: there the last workers rightly wait for trials that may yet be lost.

    python benchmarks/torture.py                                     three runs on each backend (half an hour)
    python benchmarks/torture.py --backends sqlite --runs 1 --seconds 20
    python benchmarks/torture.py --library optuna --runs 1           Optuna 5 under the same treatment
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from homes import BACKENDS, Home, home, open_optuna
from torture_checks import KINDS, TICKET, Life, Violations, check_trials, check_waits, reclaimed_numbers
from torture_worker import STUDY, Orders

N_WORKERS: Final = 6
N_TICKETS: Final = 200
KILL_EVERY_S: Final = 0.5
AWAY_S: Final = 2.0
RECOVERY_S: Final = 5.0
HEARTBEAT_S: Final = 2
GRACE_S: Final = 10
TRIALS_PER_S: Final = 30
"""The budget for each second of killing: more than six workers get done, so that some is left for the end."""
PATIENCE_S: Final = 300.0
_WORKER: Final = str(Path(__file__).with_name("torture_worker.py"))


@dataclass(frozen=True)
class Treatment:
    """What one run does.

    Attributes:
        library: "optimist" or "optuna".
        seconds: How long workers are killed.
        seed: Of all that is random, but for what the machine adds.
    """

    library: str
    seconds: float
    seed: int


class Crew:
    """The workers of a run.

    Args:
        directory: For diaries and what they say on stderr.
        orders: What each is told, but for its diary and its seed.

    Attributes:
        lives: All workers that ever lived, by name.
    """

    def __init__(self, directory: Path, orders: Orders) -> None:
        self._directory = directory
        self._orders = orders
        self._posts: dict[int, tuple[str, subprocess.Popen[bytes]]] = {}
        self.lives: dict[str, Life] = {}

    def start(self, post: int) -> str:
        """Put a new worker on a post; return its name."""
        name = f"worker {post}, life {sum(name.startswith(f'worker {post},') for name in self.lives) + 1}"
        diary = self._directory / f"{name.replace(', ', '-').replace(' ', '-')}.diary"
        seed = self._orders.seed * 1_000_000 + post * 1000 + len(self.lives)
        orders = Orders(**{**asdict(self._orders), "diary": str(diary), "seed": seed})
        with diary.with_suffix(".stderr").open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, _WORKER, json.dumps(asdict(orders))], stdout=stderr, stderr=stderr
            )
        self._posts[post] = name, process
        self.lives[name] = Life(diary)
        return name

    def process(self, post: int) -> subprocess.Popen[bytes]:
        """The worker that is on a post now."""
        return self._posts[post][1]

    def kill(self, post: int) -> None:
        """End the worker on a post without a farewell."""
        name, process = self._posts.pop(post)
        process.kill()
        process.wait()
        self.lives[name].ended_at = time.monotonic()
        self.lives[name].is_killed = process.returncode == -signal.SIGKILL

    def notice_ends(self, violations: Violations) -> list[int]:
        """Look who has ended by himself; return the posts of those who died of something."""
        fallen = []
        for post, (name, process) in list(self._posts.items()):
            if process.poll() is None:
                continue
            del self._posts[post]
            self.lives[name].ended_at = time.monotonic()
            if process.returncode != 0:
                fallen.append(post)
                violations.add("workers died", f"{name}, code {process.returncode}: {self.last_words(name)}")
        return fallen

    def last_words(self, name: str) -> str:
        """The last line of what a worker said."""
        lines = self.said(name).strip().splitlines()
        return lines[-1][:300] if lines else "nothing"

    def said(self, name: str) -> str:
        """All of what a worker said."""
        return self.lives[name].diary.with_suffix(".stderr").read_text(errors="replace")

    @property
    def posts(self) -> list[int]:
        """Those with a worker."""
        return sorted(self._posts)

    def dismiss(self) -> None:
        """End all."""
        for post in self.posts:
            self.kill(post)


# ------------------------------------------------------------------------------------------------ the scenarios


def kill_workers(place: Home, treatment: Treatment, directory: Path) -> Violations:
    """Six workers, one killed every half second."""
    rng = random.Random(treatment.seed)
    url = place.url()
    total = N_TICKETS + int(treatment.seconds * TRIALS_PER_S)
    orders = Orders(treatment.library, url, "", total, HEARTBEAT_S, GRACE_S, treatment.seed)
    open_study(treatment.library, url, N_TICKETS)
    ends = Violations()
    outages: list[tuple[float, float]] = []
    crew = Crew(directory, orders)
    try:
        for post in range(N_WORKERS):
            crew.start(post)
        begin = time.monotonic()
        until = begin + treatment.seconds
        away_from = begin + treatment.seconds * rng.uniform(0.3, 0.7)
        back_at = float("inf")
        next_kill = begin + KILL_EVERY_S
        while time.monotonic() < until:
            time.sleep(0.02)
            now = time.monotonic()
            for post in crew.notice_ends(ends):  # who met the budget stays at home
                crew.start(post)
            if place.server is not None and now > away_from:
                away_from, back_at = float("inf"), now + AWAY_S
                place.server.stop(signal.SIGKILL)
                outages.append((now, float("inf")))
            if place.server is not None and now > back_at:
                back_at = float("inf")
                place.server.start()
                outages[-1] = outages[-1][0], time.monotonic() + RECOVERY_S
            if now > next_kill:
                next_kill += KILL_EVERY_S
                if crew.posts:
                    post = rng.choice(crew.posts)
                    crew.kill(post)
                    crew.start(post)
        if back_at < float("inf") and place.server is not None:
            place.server.start()
            outages[-1] = outages[-1][0], time.monotonic() + RECOVERY_S
        storm_end = time.monotonic()
        for post in set(range(N_WORKERS)) - set(crew.posts):
            crew.start(post)
        await_end(crew, ends)
    finally:
        crew.dismiss()
    trials = open_study(treatment.library, url).get_trials(deepcopy=False)
    violations = check_trials(trials, crew.lives.values(), N_TICKETS, total)
    for what in ends.found["workers died"]:
        violations.add("workers died", what)
    longest = check_waits(violations, crew.lives, storm_end, outages)
    print(
        f"  {len(trials)} trials, {len(reclaimed_numbers(trials))} given up, {len(crew.lives)} lives, longest wait "
        f"{longest:.2f} s, {storm_end - begin:.0f} s of killing, {time.monotonic() - storm_end:.0f} s to the end",
        flush=True,
    )
    return violations


def await_end(crew: Crew, violations: Violations) -> None:
    """Let the workers run until they end by themselves."""
    deadline = time.monotonic() + PATIENCE_S
    while crew.posts and time.monotonic() < deadline:
        time.sleep(0.05)
        crew.notice_ends(violations)
    for post in crew.posts:
        violations.add("workers died", f"the worker on post {post} does not end")


def stop_worker(place: Home, treatment: Treatment, directory: Path) -> Violations:
    """Two workers, one stopped in the middle of a trial for three grace times."""
    url = place.url()
    total = int(3 * GRACE_S * 8)
    open_study(treatment.library, url, 0)
    ends = Violations()
    crew = Crew(directory, Orders(treatment.library, url, "", total, HEARTBEAT_S, GRACE_S, treatment.seed))
    try:
        sleeper = crew.start(0)
        crew.start(1)
        number = stop_in_trial(crew, sleeper)
        time.sleep(3 * GRACE_S)
        trials = open_study(treatment.library, url).get_trials(deepcopy=False)
        if number not in reclaimed_numbers(trials):
            ends.add("still running or waiting", f"trial {number} of a stopped worker was not given up")
        crew.process(0).send_signal(signal.SIGCONT)
        await_end(crew, ends)
    finally:
        crew.dismiss()
    trials = open_study(treatment.library, url).get_trials(deepcopy=False)
    violations = check_trials(trials, crew.lives.values(), 0, total)
    for kind, found in ends.found.items():
        violations.found[kind] += found
    if trials[number].state.name != "FAIL":
        violations.add("told trials missing or changed", f"the late tell of trial {number} was taken")
    n_retries = sum(trial.system_attrs.get("failed_trial") == number for trial in trials)
    if n_retries != 1:
        violations.add("retried twice", f"the stopped trial {number} has {n_retries} retries")
    n_after = sum(line.word == "told" and int(line.rest[0]) > number for line in crew.lives[sleeper].lines())
    if n_after == 0:
        violations.add("workers died", f"the stopped worker did not go on: {crew.last_words(sleeper)}")
    print(f"  trial {number} was stopped; its worker told {n_after} more trials afterwards", flush=True)
    return violations


def stop_in_trial(crew: Crew, name: str) -> int:
    """Stop a worker that has just begun an objective, and so holds no lock; return the number of its trial."""
    life = crew.lives[name]
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        lines = life.lines()
        if len(lines) > 10 and lines[-1].word == "start" and time.monotonic() - lines[-1].at < 0.01:
            crew.process(0).send_signal(signal.SIGSTOP)
            time.sleep(0.05)
            last = life.lines()[-1]
            if last.word == "start":
                return int(last.rest[0])
            crew.process(0).send_signal(signal.SIGCONT)
        time.sleep(0.002)
    raise RuntimeError(f"{name} never begins a trial: {crew.said(name)}")


SCENARIOS: Final = {"kill": kill_workers, "stop": stop_worker}


def open_study(library: str, url: str, n_tickets: int | None = None) -> Any:
    """The study; it is made first if a number of enqueued trials is given."""
    import optuna

    import optimist

    optimist.logging.set_verbosity(optimist.logging.ERROR)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage: Any = url if library == "optimist" else open_optuna(url)
    module: Any = optimist if library == "optimist" else optuna
    if n_tickets is None:
        return module.load_study(study_name=STUDY, storage=storage)
    study = module.create_study(study_name=STUDY, storage=storage)
    for i in range(n_tickets):
        study.enqueue_trial({"x": i / n_tickets}, user_attrs={TICKET: i})
    return study


def show(rows: Sequence[tuple[str, Violations]]) -> None:
    """Print the table, and what was found."""
    width = max(len(name) for name, _ in rows)
    print("\nViolations")
    for i, kind in enumerate(KINDS):
        print(f"{'':{width}}  {'|  ' * i}{kind}")
    for name, violations in rows:
        counts = "  ".join(str(len(violations.found[kind])) for kind in KINDS)
        print(f"{name:{width}}  {counts}   {'none' if violations.n == 0 else f'{violations.n} VIOLATIONS'}")
    for name, violations in rows:
        for kind, found in violations.found.items():
            for what in found[:5]:
                print(f"{name}: {kind}: {what}")
            if len(found) > 5:
                print(f"{name}: {kind}: and {len(found) - 5} more")


def main() -> int:
    """Treat each backend; the exit code says whether anything was violated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=list(BACKENDS))
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--library", choices=("optimist", "optuna"), default="optimist")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long workers are killed")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the next ones count on")
    parser.add_argument("--keep", type=Path, help="a directory for the diaries, to be looked at afterwards")
    arguments = parser.parse_args()

    rows = []
    for i_run in range(arguments.runs):
        treatment = Treatment(arguments.library, arguments.seconds, arguments.seed + i_run)
        for backend in arguments.backends:
            for scenario in arguments.scenarios:
                name = f"{backend}, {scenario}, run {i_run + 1}"
                print(name, flush=True)
                with contextlib.ExitStack() as stack:
                    place = stack.enter_context(home(backend))
                    if arguments.keep is None:
                        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="optimist-")))
                    else:
                        directory = arguments.keep / name.replace(", ", "-").replace(" ", "-")
                        directory.mkdir(parents=True)
                    rows.append((name, SCENARIOS[scenario](place, treatment, directory)))
    show(rows)
    return 0 if all(violations.n == 0 for _, violations in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
