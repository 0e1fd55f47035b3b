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
from tools import shape

import neurovariety as nv

ROOT = Path(nv.__file__).parent


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


def test_signatures_say_what_is_taken():
    """`object` where anything may come, and never the word that says nothing; a model of torch or JAX has a type of its own."""
    functions = {name: str(inspect.signature(f)) for name in nv.__all__ if inspect.isfunction(f := getattr(nv, name))}
    assert {name for name, signature in functions.items() if re.search(r"\bAny\b|<function", signature)} <= {"jax_loss", "torch_loss"}


def test_public_functions_take_their_randomness_by_keyword():
    for entry in ("ambient", "dimension", "fibers", "symmetries", "data", "build_report"):
        seed = inspect.signature(getattr(nv, entry)).parameters["seed"]
        assert seed.kind is inspect.Parameter.KEYWORD_ONLY
        assert seed.default == 0


def test_unknown_names():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nv.nothing  # noqa: B018


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("dimenson", "dimension"),
        ("fibres", "fibers"),
        ("ed-degree", "ed_degree"),
        ("Dimensionresult", "DimensionResult"),
        ("example", "examples"),
    ],
)
def test_names_that_are_nearly_there(given, meant):
    with pytest.raises(AttributeError, match=f"did you mean {meant}\\?$"):
        getattr(nv, given)


def test_private_names_are_not_guessed():
    with pytest.raises(AttributeError, match=r"'__wrapped__'$"):
        nv.__wrapped__  # noqa: B018


def test_help_groups_every_name():
    """The docstring of the package has every name but those of results, which it says how to find, under what it is for."""
    words = set(re.findall(r"\w+", nv.__doc__))
    assert {n for n in nv.__all__ if not n.endswith("Result")} <= words
    groups = re.findall(r"^(\w[\w ]*?)  +\S", nv.__doc__, re.MULTILINE)
    assert len(groups) == len(set(groups)) > 8


def test_examples_are_there_without_an_import():
    program = "import neurovariety as nv; print(nv.examples.penguins().inputs.shape, 'examples' in dir(nv))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "(342, 3) True\n"


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
    for name in ("py.typed", "result.schema.json", "report/page.html", "cli/selftest.json", "examples/README.md"):
        assert (ROOT / name).is_file()


def room(module):
    """Where on the street a module stands: the longest name in `STREET` that it begins with."""
    inside = module.removeprefix("neurovariety").lstrip(".")
    fits = [r for r in STREET if inside == r or inside.startswith(r + ".")]
    return max(fits, key=len) if fits else inside


def rooms(text):
    return set(text.split())


BASICS = rooms("errors tolerances randomness options budget arithmetic exact_numbers whole_files")
RECORDS = BASICS | rooms("symmetry theorem claim citations units image parametrization")
NUMBERS = BASICS | rooms("linear_algebra rings")
MODELS = RECORDS | NUMBERS | rooms("model program architectures architectures.architecture result progress certificates")
PATHS = MODELS | {"homotopy"}
EXACT = rooms("geometry.exact geometry.real")
INVARIANTS = EXACT | rooms("geometry.ideal geometry.solutions geometry.equivariance geometry.invariants")
GEOMETRY = INVARIANTS | rooms("geometry.images geometry.strata geometry.boundaries geometry.singular")
CRITICAL = rooms("training.losses training.critical")
TRAINING = CRITICAL | rooms("training.chambers training.dynamics training.bias")
NETWORK = RECORDS | NUMBERS | rooms("model program result progress certificates checkpoints.graph")
CHECKPOINTS = rooms("checkpoints checkpoints.graph checkpoints.readers checkpoints.writers checkpoints.layers checkpoints.rank")
STREET = {
    # room: what it may import beside itself, the rooms that the data has passed before it
    "errors": set(),
    "budget": set(),
    "arithmetic": set(),
    "tolerances": set(),
    "_version": set(),
    "claim": set(),
    "citations": set(),
    "symmetry": set(),
    "theorem": {"errors"},
    "exact_numbers": {"errors"},
    "randomness": {"errors", "options"},
    "options": {"errors"},
    "whole_files": rooms("errors options"),
    "units": {"symmetry"},
    "image": {"errors"},
    "parametrization": {"image"},
    "progress": {"claim"},
    "notebook": {"claim"},
    "result": rooms("_version claim citations errors certificates notebook"),
    "pictures": rooms("errors result"),
    "dataset": BASICS,
    "tables": BASICS | {"dataset"},
    "examples": rooms("dataset errors tables"),
    "model": RECORDS,
    "linear_algebra": BASICS,
    "rings": BASICS | {"linear_algebra"},
    "compiled": set(),
    "certificates": rooms("claim compiled errors"),
    "homotopy": BASICS | rooms("certificates claim compiled rings linear_algebra"),
    "program": RECORDS | NUMBERS | {"model"},
    "architectures.reading": RECORDS,
    "architectures.theorems": RECORDS | {"architectures.reading"},
    "architectures.architecture": RECORDS | {"model", "architectures.reading"},
    "architectures.families": RECORDS | rooms("model architectures.architecture architectures.reading architectures.theorems"),
    "architectures": RECORDS | rooms("model architectures.architecture architectures.families architectures.reading"),
    "geometry": set(),
    "geometry.exact": MODELS | {"geometry.real"},
    "geometry.real": BASICS | {"rings"},
    "geometry.ideal": MODELS | EXACT,
    "geometry.solutions": PATHS | EXACT | rooms("geometry.ideal _version"),
    "geometry.equivariance": MODELS | EXACT,
    "geometry.invariants": PATHS | INVARIANTS,
    "geometry.images": PATHS | INVARIANTS,
    "geometry.strata": PATHS | INVARIANTS | {"geometry.images"},
    "geometry.boundaries": PATHS | INVARIANTS | rooms("geometry.images geometry.strata"),
    "geometry.singular": PATHS | INVARIANTS | rooms("geometry.images geometry.strata"),
    "training": set(),
    "training.losses": PATHS | GEOMETRY | {"dataset"},
    "training.critical": PATHS | GEOMETRY | {"training.losses"},
    "training.chambers": PATHS | GEOMETRY | CRITICAL,
    "training.dynamics": PATHS | GEOMETRY | CRITICAL | {"compiled"},
    "training.bias": PATHS | GEOMETRY | CRITICAL | rooms("training.chambers training.dynamics"),
    "learning": PATHS | GEOMETRY | {"compiled"},
    "dictionary": PATHS | GEOMETRY | TRAINING | rooms("beyond.analytic dataset learning oracles pictures tables"),
    "checkpoints.graph": RECORDS | NUMBERS | rooms("model program certificates"),
    "checkpoints.readers": NETWORK | {"architectures"},
    "checkpoints.writers": NETWORK,
    "checkpoints.layers": NETWORK,
    "checkpoints.rank": NETWORK | EXACT | {"checkpoints.layers"},
    "checkpoints": MODELS | GEOMETRY | CHECKPOINTS | {"pictures"},
    "beyond": set(),
    "beyond.analytic": RECORDS | NUMBERS | rooms("result certificates architectures architectures.reading"),
    "beyond.approximation": RECORDS | NUMBERS | CHECKPOINTS | rooms("result certificates architectures architectures.reading model"),
    "beyond.piecewise": RECORDS | NUMBERS | CHECKPOINTS | rooms("result certificates compiled progress pictures"),
    "testing": MODELS | GEOMETRY | TRAINING | CHECKPOINTS | {"dictionary"},
    "export": MODELS | GEOMETRY | {"dictionary"},
    "oracles": PATHS | GEOMETRY | {"export"},
    "report": MODELS
    | GEOMETRY
    | TRAINING
    | CHECKPOINTS
    | rooms("beyond.analytic beyond.approximation beyond.piecewise dictionary dataset pictures tables learning _version"),
    "cli": MODELS
    | GEOMETRY
    | TRAINING
    | CHECKPOINTS
    | rooms("beyond.approximation beyond.piecewise dictionary report pictures export dataset tables learning linear_algebra _version"),
    "__main__": {"cli"},
}


@pytest.mark.xdist_group("shape")
@pytest.mark.parametrize("module", sorted(set(shape.modules()) - {"neurovariety"}))
def test_the_road_is_one_way(module):
    allowed = STREET[room(module)] | {room(module)}
    assert sorted(m for m in shape.imports(shape.modules()[module]) if room(m) not in allowed) == []


def test_every_room_stands_on_the_street():
    assert {room(m) for m in shape.modules()} - set(STREET) == {""}


def test_registry_entries_exist():
    from neurovariety.dictionary.registry import ENTRIES, find

    for entry in ENTRIES:
        assert callable(entry.load())
        assert issubclass(entry.result_class(), nv.Result)
        assert entry.result_class().entry == entry.name
        assert find(entry.name) is entry
        assert (import_module(entry.module).__doc__ or "").count("\n") >= 5
    assert find("nothing") is None


def test_seeds_and_versions():
    with pytest.raises(nv.InputError, match="seed"):
        nv.dimension("linear(2,2)", seed=-1)
    assert re.fullmatch(r"\d+\.\d+\.\d+", nv.__version__)


def test_the_slow_tests_exist():
    """`tests/slow.txt` names tests that are there."""
    project = Path(__file__).parents[1]
    for name in (project / "tests" / "slow.txt").read_text(encoding="utf-8").splitlines():
        file, *_, test = name.partition("[")[0].split("::")
        assert f"def {test}(" in (project / file).read_text(encoding="utf-8"), name
