"""The public surface, and the one-way street between the rooms."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import neurovariety as nv

ROOT = Path(nv.__file__).parent
FILES = sorted(p for p in ROOT.rglob("*.py"))


def kind(name):
    """Constants, then classes, then the rest, each sorted: the order of ruff's RUF022."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_all_is_sorted_and_complete():
    assert nv.__all__ == sorted(nv.__all__, key=kind)
    assert set(nv.__all__) == set(nv._HOME)
    assert len(set(nv.__all__)) == len(nv.__all__)


def test_type_checkers_see_the_same_names():
    """The imports under TYPE_CHECKING bring in exactly the lazily loaded names, from the same rooms."""
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    (guarded,) = [n for n in tree.body if isinstance(n, ast.If)]
    seen = {a.name: n.module.removeprefix("neurovariety.") for n in guarded.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert seen == nv._HOME


@pytest.mark.parametrize("name", nv.__all__)
def test_every_name_is_there_and_says_what_it_is(name):
    found = getattr(nv, name)
    assert name in dir(nv)
    text = inspect.getdoc(found)
    assert text
    assert len(text.split()) >= 5
    assert not text.startswith(f"{name}("), "a generated docstring"
    if inspect.isfunction(found):
        assert inspect.signature(found).return_annotation is not inspect.Signature.empty


def test_public_functions_take_their_randomness_by_keyword():
    for entry in ("ambient", "dimension", "fibers", "symmetries", "data", "build_report"):
        seed = inspect.signature(getattr(nv, entry)).parameters["seed"]
        assert seed.kind is inspect.Parameter.KEYWORD_ONLY
        assert seed.default == 0


def test_unknown_names():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nv.nothing  # noqa: B018


def test_errors_are_one_family():
    for name in nv.__all__:
        found = getattr(nv, name)
        if name.endswith("Error"):
            assert issubclass(found, nv.NeurovarietyError)


def test_importing_alone_is_light():
    program = (
        "import sys, neurovariety\nneurovariety.__all__, dir(neurovariety)\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'jax', 'numpy', 'numba', 'matplotlib', 'flint', 'rich', 'click'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_data_files_ship_with_the_package():
    for name in ("py.typed", "result.schema.json", "report/page.html", "cli/selftest.json"):
        assert (ROOT / name).is_file()


def room(module):
    """The room of a module: its folder, or its own name for files at the root."""
    parts = module.removeprefix("neurovariety").lstrip(".").split(".")
    return parts[0] or "__init__"


def imports(path):
    """The rooms that a file imports, wherever in the file it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {room(a.name) for a in node.names if a.name.split(".")[0] == "neurovariety"}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if (node.module or "").split(".")[0] == "neurovariety":
                found |= {room(node.module)} if node.module != "neurovariety" else {a.name for a in node.names}
    return found


BASICS = {"errors", "tolerances"}
RECORDS = {"symmetry", "theorem", "claim", "citations"}
STREET = {
    # room: what it may import
    "errors": set(),
    "tolerances": set(),
    "claim": set(),
    "citations": set(),
    "symmetry": set(),
    "theorem": set(),
    "dataset": BASICS,
    "model": BASICS | RECORDS,
    "linear_algebra": BASICS,
    "rings": BASICS | {"linear_algebra"},
    "program": BASICS | RECORDS | {"rings", "linear_algebra", "model"},
    "architectures": BASICS | RECORDS | {"model"},
    "homotopy": BASICS | {"rings"},
    "dictionary": BASICS | RECORDS | {"model", "linear_algebra", "rings", "program", "architectures", "homotopy", "result", "dataset"},
    "checkpoints": BASICS
    | RECORDS
    | {"model", "linear_algebra", "rings", "program", "architectures", "dictionary", "result", "dataset"},
    "export": BASICS | RECORDS | {"model", "linear_algebra", "rings", "program", "architectures", "dictionary"},
    "report": BASICS | RECORDS | {"model", "architectures", "dictionary", "result", "dataset", "__version__"},
    "cli": BASICS
    | RECORDS
    | {"model", "architectures", "dictionary", "checkpoints", "report", "export", "result", "dataset", "linear_algebra", "__version__"},
}


def street_room(path):
    relative = path.relative_to(ROOT)
    return relative.parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", [f for f in FILES if street_room(f) in STREET], ids=lambda p: str(p.relative_to(ROOT)))
def test_the_road_is_one_way(path):
    here = street_room(path)
    assert imports(path) - {here} <= STREET[here]


def test_every_room_stands_on_the_street():
    assert {street_room(f) for f in FILES} - set(STREET) <= {"__init__", "__main__", "result"}


def test_the_base_of_results_knows_no_entry():
    """`verify` asks the registry; nothing else of the rooms further down the road is needed."""
    assert imports(ROOT / "result.py") <= BASICS | RECORDS | {"model", "architectures", "dictionary", "__version__"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 420


def test_registry_entries_exist():
    from neurovariety.dictionary.registry import ENTRIES, find

    for entry in ENTRIES:
        assert callable(entry.load())
        assert issubclass(entry.result_class(), nv.Result)
        assert entry.result_class().entry == entry.name
        assert find(entry.name) is entry
        assert (import_module(entry.path.partition(":")[0]).__doc__ or "").count("\n") >= 5
    assert find("nothing") is None


def test_seeds_and_versions():
    with pytest.raises(nv.InputError, match="seed"):
        nv.dimension("linear(2,2)", seed=-1)
    assert re.fullmatch(r"\d+\.\d+\.\d+", nv.__version__)
