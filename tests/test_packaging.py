"""What an editable install hides: the wheel, the links for type checkers, import names, what is committed."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("calibration", "cli", "detect")
#: What builds frames, and what opens the interface for listening live.
SCAPY_MODULES = {Path("detect/wifi/scapy_frames.py"), Path("cli/listening.py")}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def run(*command: str, cwd: Path) -> str:
    """Run a command in `cwd` and return what it printed; fail the test with its words if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def files_of_repository() -> list[Path]:
    """Files that are or could be committed; outside git (an unpacked sdist) all but caches."""
    try:
        listing = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    except (AssertionError, FileNotFoundError):
        skipped = {
            ".venv",
            ".git",
            "__pycache__",
            "build",
            "dist",
            ".hypothesis",
            ".mypy_cache",
            ".ruff_cache",
        }
        return [p for p in ROOT.rglob("*") if p.is_file() and not skipped & set(p.relative_to(ROOT).parts)]
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def packages_on_disk() -> set[str]:
    """Every folder with an __init__.py, by its import name."""
    found = set()
    for part in PARTS:
        for init in (ROOT / part).rglob("__init__.py"):
            found.add(".".join(("roomsweep", *init.parent.relative_to(ROOT).parts)))
    return found


def test_every_package_is_declared() -> None:
    declared = PYPROJECT["tool"]["setuptools"]["packages"]
    assert set(declared) == packages_on_disk()
    assert declared == sorted(set(declared))


def test_every_module_is_in_a_package() -> None:
    for part in PARTS:
        for module in (ROOT / part).rglob("*.py"):
            assert (module.parent / "__init__.py").is_file(), f"{module.parent} has no __init__.py"


@pytest.mark.parametrize("part", PARTS)
def test_links_for_type_checkers_resolve(part: str) -> None:
    link = ROOT / ".src" / "roomsweep" / part
    assert link.is_symlink()
    assert link.resolve() == ROOT / part
    assert not (ROOT / ".src" / "roomsweep" / "__init__.py").exists(), "roomsweep is a namespace, as installed"


def test_wheel_holds_the_data(tmp_path: Path) -> None:
    # From a copy: a build folder left behind in the repository would be packed too.
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, source)
    for part in PARTS:
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path))
    run(*build, str(source), cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    expected = set()
    for part in PARTS:
        for path in (ROOT / part).rglob("*"):
            wanted = path.suffix in {".py", ".csv", ".toml"} or path.name in {
                "py.typed",
                "result.schema.json",
            }
            if path.is_file() and (wanted or path.parent.name in {"templates", "static"}):
                expected.add(f"roomsweep/{path.relative_to(ROOT).as_posix()}")
    assert expected <= inside, f"missing from the wheel: {sorted(expected - inside)}"
    for must in (
        "detect/result.schema.json",
        "detect/signatures/weights.csv",
        "detect/signatures/weights.toml",
    ):
        assert f"roomsweep/{must}" in inside
    for part in PARTS:
        assert f"roomsweep/{part}/py.typed" in inside
    assert any(name.startswith("roomsweep/cli/report/templates/") for name in inside)
    foreign = {name.split("/")[0] for name in inside} - {
        "roomsweep",
        f"roomsweep-{metadata.version('roomsweep')}.dist-info",
    }
    assert not foreign, f"the wheel puts {foreign} into site-packages"
    assert any(name.endswith("licenses/LICENSE") for name in inside)


def test_imports_leave_no_generic_name(tmp_path: Path) -> None:
    modules = sorted(
        ".".join(("roomsweep", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        for part in PARTS
        for path in (ROOT / part).rglob("*.py")
    )
    script = (
        f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        "print(sorted({'detect', 'cli', 'calibration'} & set(sys.modules)))"
    )
    assert run(sys.executable, "-c", script, cwd=tmp_path).strip() == "[]"


def test_help_is_cheap(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom roomsweep.cli.app import main\nsys.argv = ['roomsweep', '--help']\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "heavy = {'cv2', 'scapy', 'numpy', 'scipy', 'PIL', 'jinja2', 'pi_heif'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))"
    )
    out = run(sys.executable, "-c", script, cwd=tmp_path)
    assert out.splitlines()[-1] == "heavy: []"
    assert "sweep" in out


def test_only_two_modules_import_scapy() -> None:
    importers = set()
    for path in files_of_repository():
        if path.suffix != ".py" or path.relative_to(ROOT).parts[0] in {"tests", "benchmarks"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            if any(name.split(".")[0] == "scapy" for name in names):
                importers.add(path.relative_to(ROOT))
    assert importers == SCAPY_MODULES


def test_no_addresses_of_machines_or_registries() -> None:
    # Written in two halves so that this file does not find itself.
    hosts = ("pypi" + r"\.org", "files.python" + "hosted", "registry." + "npmjs", "proxy.golang" + r"\.org")
    folders = ("/wo" + "rk/", "/fa" + "rm/", "/ro" + "ot/", "/op" + "t/py", "/tmp/")
    pattern = re.compile("|".join((*hosts, *(rf"(?<![\w.]){folder}[a-z.]" for folder in folders))))
    hits = []
    for path in files_of_repository():
        data = path.read_bytes()
        if b"\0" in data[:8192]:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            if pattern.search(line):
                hits.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not hits, "\n".join(hits)


def test_constraints_pin_every_requirement_exactly() -> None:
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    pins = {}
    for line in lines:
        match = re.fullmatch(r"([a-z0-9-]+)==([0-9][0-9A-Za-z.]*)", line)
        assert match, f"not a plain pin: {line}"
        pins[match[1]] = match[2]
    assert list(pins) == sorted(pins)
    project = PYPROJECT["project"]
    needs = [Requirement(text) for text in project["dependencies"]]
    needs += [Requirement(text) for texts in project["optional-dependencies"].values() for text in texts]
    for need in needs:
        name = re.sub(r"[-_.]+", "-", need.name).lower()
        assert name in pins, f"constraints.txt does not pin {name}: run make pins"
        assert need.specifier.contains(pins[name]), f"{name}=={pins[name]} does not fit {need}"


def test_continuous_integration_can_be_started() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    run("bash", "-n", str(script), cwd=ROOT)
    targets = run("make", "--dry-run", "--always-make", "test", "check", "demo", cwd=ROOT)
    assert "-m pytest" in targets
    assert "lint-imports" in targets
