"""Print the shape of the code: import circles, broken floors, the longest files and functions, import time.

`make shape` runs this. It fails on a circle and on an import that goes up; length is information. Imports are read
from the source, so those under `if TYPE_CHECKING` and inside functions count like any other. Lazy package doors
(an `__init__.py` with a stub beside it) have no imports of their own: a name taken from such a door counts as an
import of the module that the stub names.
"""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# From the ground up. A room may import from the floors below and from itself.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("exceptions", "logging", "version"),
    ("numerics", "distributions", "states"),
    ("execution", "search_space"),
    ("history",),
    ("samplers", "pruners", "storages", "importance", "terminator", "analysis", "artifacts"),
    ("study", "trial"),
    ("visualization", "report", "testing"),
    ("server", "integrations"),
    ("cli",),
    ("__main__",),
)
# Rooms of one floor that may import each other, as long as no circle comes of it.
NEIGHBOURS = (
    frozenset({"exceptions", "logging"}),
    frozenset({"distributions", "states"}),
    frozenset({"study", "trial"}),
    frozenset({"visualization", "report"}),  # a report shows pictures
)
# Only these may come in by the front door, `import optimist`.
GUESTS = frozenset({"cli"})

SOURCE = Path(__file__).resolve().parent.parent / "src" / "optimist"
N_LONGEST = 10


@dataclass(frozen=True)
class Module:
    """One source file, parsed."""

    name: str  # dotted, such as "optimist.history.view"
    path: Path
    tree: ast.Module
    n_lines: int

    @property
    def is_package(self) -> bool:
        """Whether this is the `__init__.py` of a package."""
        return self.path.stem == "__init__"


@dataclass(frozen=True)
class Import:
    """One module of ours that names another."""

    source: str
    target: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}  ({self.path.name}:{self.line})"


@dataclass(frozen=True)
class Function:
    """A function or method with its length, docstring aside."""

    name: str
    path: Path
    line: int
    n_lines: int


def main() -> int:
    """Print the whole report; the result is the exit code."""
    modules = read_modules(SOURCE)
    imports = find_imports(modules)
    circles = find_circles(imports)
    breaks = find_floor_breaks(modules, imports)

    print_section("Import circles", [" -> ".join([*circle, circle[0]]) for circle in circles])
    print_section("Imports that leave the floors as drawn", breaks)
    print_section("Longest files", [f"{m.n_lines:5}  {relative(m.path)}" for m in longest_files(modules)])
    print_section(
        "Longest functions (lines without docstring)",
        [f"{f.n_lines:5}  {relative(f.path)}:{f.line}  {f.name}" for f in longest_functions(modules)],
    )
    print(f"import optimist: {import_time_ms():.1f} ms (median of 5)")
    print(f"{len(modules)} files, {sum(module.n_lines for module in modules.values())} lines")
    return 1 if circles or breaks else 0


# ---------------------------------------------------------------------------------------------------- reading


def read_modules(root: Path) -> dict[str, Module]:
    """Parse every .py file of the package that lives in `root`, by dotted name."""
    modules = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        modules[name] = Module(name, path, ast.parse(text, str(path)), text.count("\n"))
    return modules


def find_imports(modules: Mapping[str, Module]) -> list[Import]:
    """List who names whom among our own modules, wherever in the file the import stands."""
    doors = {module.name: read_door(module) for module in modules.values() if module.is_package}
    found = []
    for module in modules.values():
        for node in ast.walk(module.tree):
            for name in imported_names(node, module):
                target = resolve(name, modules, doors)
                if target is not None and target != module.name:
                    found.append(Import(module.name, target, module.path, node.lineno))  # type: ignore[attr-defined]
    return found


def read_door(module: Module) -> dict[str, str]:
    """Map each name that a lazy package re-exports to where it is defined, as its stub says."""
    stub = module.path.with_suffix(".pyi")
    if not stub.exists():
        return {}
    door = {}
    for node in ast.walk(ast.parse(stub.read_text(encoding="utf-8"), str(stub))):
        if isinstance(node, ast.ImportFrom):
            origin = absolute_origin(node, module)
            door.update({alias.asname or alias.name: f"{origin}.{alias.name}" for alias in node.names})
    return door


def imported_names(node: ast.AST, module: Module) -> Iterator[str]:
    """Yield the dotted names that an import statement asks for, such as "optimist.history.view.View"."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        origin = absolute_origin(node, module)
        yield from (f"{origin}.{alias.name}" for alias in node.names)


def absolute_origin(node: ast.ImportFrom, module: Module) -> str:
    """Spell out what stands between `from` and `import`, without leading dots."""
    if node.level == 0:
        return node.module or ""
    package = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def resolve(name: str, modules: Mapping[str, Module], doors: Mapping[str, Mapping[str, str]]) -> str | None:
    """Find the module of ours that a dotted name leads to, through lazy doors; None for other libraries."""
    if name in modules:
        return name
    owner, _, attribute = name.rpartition(".")
    if attribute and attribute in doors.get(owner, {}):
        behind = doors[owner][attribute]
        return resolve(behind, modules, doors) if behind != name else owner
    return owner if owner in modules else None


# ---------------------------------------------------------------------------------------------------- judging


def find_circles(imports: Iterable[Import]) -> list[list[str]]:
    """Find the groups of modules that reach each other (strongly connected components of two or more; Tarjan 1972)."""
    targets: dict[str, set[str]] = {}
    for item in imports:
        targets.setdefault(item.source, set()).add(item.target)
        targets.setdefault(item.target, set())

    order: dict[str, int] = {}  # when a module was first seen
    low: dict[str, int] = {}  # the earliest module on the stack that it reaches
    stack: list[str] = []
    circles: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for target in sorted(targets[name]):
            if target not in order:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], order[target])
        if low[name] == order[name]:
            component = stack[stack.index(name) :]
            del stack[-len(component) :]
            if len(component) > 1:
                circles.append(component)

    for name in sorted(targets):
        if name not in order:
            visit(name)
    return circles


def find_floor_breaks(modules: Mapping[str, Module], imports: Iterable[Import]) -> list[str]:
    """Say which imports go up or sideways, and which modules stand on no floor."""
    floor_of = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
    homeless = sorted({room_of(name) for name in modules} - set(floor_of) - {""})
    breaks = [f"{room} stands on no floor: give it one in FLOORS, tools/shape.py" for room in homeless]
    for item in imports:
        source, target = room_of(item.source), room_of(item.target)
        if source in ("", target) or source in homeless or target in homeless:
            continue
        if not target:
            if source not in GUESTS:
                breaks.append(f"{item} comes in by the front door: import from where the name is defined")
        elif floor_of[target] > floor_of[source]:
            breaks.append(f"{item} goes up, from floor {floor_of[source]} to {floor_of[target]}")
        elif floor_of[target] == floor_of[source] and not any({source, target} <= pair for pair in NEIGHBOURS):
            breaks.append(f"{item} goes sideways on floor {floor_of[source]}")
    return breaks


def room_of(module: str) -> str:
    """Name the room a module belongs to: "history" for optimist.history.view, "" for the front door."""
    return module.split(".")[1] if "." in module else ""


# ---------------------------------------------------------------------------------------------------- measuring


def longest_files(modules: Mapping[str, Module]) -> list[Module]:
    """Rank the files by their lines."""
    return sorted(modules.values(), key=lambda module: -module.n_lines)[:N_LONGEST]


def longest_functions(modules: Mapping[str, Module]) -> list[Function]:
    """Rank functions and methods by their lines, docstring aside."""
    functions = [
        Function(node.name, module.path, node.lineno, count_lines(node))
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return sorted(functions, key=lambda function: -function.n_lines)[:N_LONGEST]


def count_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function from `def` to its end, without the docstring."""
    n_lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        docstring = node.body[0]
        n_lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return n_lines


def import_time_ms(n_runs: int = 5) -> float:
    """Measure `import optimist` in fresh interpreters, with all that it loads."""
    return statistics.median(import_time_once_ms() for _ in range(n_runs))


def import_time_once_ms() -> float:
    """Read the cumulative time of `import optimist` off python -X importtime."""
    command = [sys.executable, "-X", "importtime", "-c", "import optimist"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    for line in report.splitlines():  # import time: self [us] | cumulative | package
        _, _, rest = line.partition("import time:")
        columns = [column.strip() for column in rest.split("|")]
        if columns[-1] == "optimist":
            return int(columns[1]) / 1000
    raise RuntimeError("`python -X importtime -c 'import optimist'` does not mention optimist.")


def print_section(title: str, lines: list[str]) -> None:
    """Print a title and its lines, or that there are none."""
    print(f"{title}: {'' if lines else 'none'}")
    for line in lines:
        print(f"  {line}")
    print()


def relative(path: Path) -> Path:
    """Shorten a path for reading."""
    return path.relative_to(SOURCE.parent.parent)


if __name__ == "__main__":
    sys.exit(main())
