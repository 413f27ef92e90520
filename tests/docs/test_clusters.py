"""The recipes of docs/clusters.md, as far as they run without a cluster: scripts, manifests, commands, and SIGTERM."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import optimist
from optimist.history.attributes import LEASE_LOST_KEY

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "clusters.md").read_text(encoding="utf-8")

_SLOW = """\
        if epoch == 5 and not pathlib.Path("go").exists():
            pathlib.Path("begun").touch()
            time.sleep(100)
        loss ="""


def block(language: str) -> str:
    """The first code block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def lay_out(directory: Path) -> dict[str, str]:
    """Write the page's script, which now takes a break in the middle of a trial, and the commands that it needs."""
    script = block("python").replace("        loss =", _SLOW)
    assert script.count("begun") == 1
    (directory / "train.py").write_text("import pathlib\nimport time\n" + script)
    commands = directory / "bin"
    commands.mkdir()
    for name, line in {"srun": 'exec "$@"', "optimist": f'exec {shlex.quote(sys.executable)} -m optimist "$@"'}.items():
        (commands / name).write_text(f"#!/bin/sh\n{line}\n")
        (commands / name).chmod(0o755)
    return {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(directory)}


def wait_until_begun(directory: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not (directory / "begun").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children_of(pid: int) -> list[int]:
    """The processes that one has started; none where the system does not tell."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def run_with_a_preemption(
    command: list[str], environment: dict[str, str], directory: Path, storage: str, *, tells_all: bool = False
) -> None:
    """Start a worker, pre-empt it in the middle of a trial, and let another one do the rest.

    Args:
        command: Starts a worker.
        environment: Its environment.
        directory: Where it runs.
        storage: Where its study lives.
        tells_all: Whether SIGTERM goes to all its processes at the same time.
    """
    settings: dict[str, Any] = {"cwd": directory, "env": environment, "stdout": subprocess.PIPE, "text": True}
    worker = subprocess.Popen(command, stderr=subprocess.STDOUT, **settings)
    try:
        wait_until_begun(directory, worker)
        for pid in children_of(worker.pid) if tells_all else []:
            os.kill(pid, signal.SIGTERM)
        worker.terminate()
        said, _ = worker.communicate(timeout=60)  # the trial would take longer
    finally:
        worker.kill()
    assert worker.returncode == 143, said
    study = optimist.load_study(study_name="digits", storage=storage)
    assert Counter(trial.state.name for trial in study.trials) == {"FAIL": 1, "WAITING": 1}, said
    (directory / "go").touch()
    done = subprocess.run(command, stderr=subprocess.STDOUT, timeout=120, check=False, **settings)
    assert done.returncode == 0, done.stdout
    states = Counter(trial.state.name for trial in study.trials)
    assert states["FAIL"] == 1
    assert states["COMPLETE"] + states["PRUNED"] == 20
    lost, retry = study.trials[:2]
    assert LEASE_LOST_KEY in lost.system_attrs
    assert retry.params == lost.params
    assert min(retry.intermediate_values) == 5  # where the checkpoint was
    assert list((directory / "checkpoints").iterdir())


@pytest.mark.slow
def test_slurm(tmp_path: Path) -> None:
    environment = lay_out(tmp_path)
    storage = f"sqlite:///{tmp_path}/s.db"
    script, n = re.subn(r"(?<=OPTIMIST_STORAGE=)\S+", storage, block("bash"))
    assert n == 1
    (tmp_path / "worker.sh").write_text(script)
    environment |= {"SLURM_ARRAY_JOB_ID": "71", "SLURM_ARRAY_TASK_ID": "3", "SLURM_CPUS_PER_TASK": "1"}
    run_with_a_preemption(["bash", "worker.sh"], environment, tmp_path, storage, tells_all=True)
    assert (tmp_path / "logs" / "71-3" / "worker-0.log").exists()
    options = dict(re.findall(r"^#SBATCH --([\w-]+)=?(\S*)", script, re.MULTILINE))
    assert options.keys() == {
        "job-name", "array", "cpus-per-task", "time", "requeue", "open-mode", "signal", "output",
    }  # fmt: skip


@pytest.mark.slow
def test_kubernetes(tmp_path: Path) -> None:
    environment = lay_out(tmp_path)
    job = yaml.safe_load(block("yaml"))
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    assert "completions" not in job["spec"]
    pod = job["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"  # a failure policy needs that
    (container,) = pod["containers"]
    storage = f"sqlite:///{tmp_path}/s.db"
    given = {"OPTIMIST_STORAGE": storage, "OPTIMIST_CHECKPOINTS": str(tmp_path / "checkpoints")}
    variables = {entry["name"]: given.get(entry["name"], entry.get("value")) for entry in container["env"]}
    assert variables.keys() == {"OPTIMIST_STORAGE", "OPTIMIST_STUDY_NAME", "OPTIMIST_CHECKPOINTS"}
    assert [volume["name"] for volume in pod["volumes"]] == [mount["name"] for mount in container["volumeMounts"]]
    run_with_a_preemption(container["command"], environment | variables, tmp_path, storage)
