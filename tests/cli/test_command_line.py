"""The command line: answers, one-line errors, exit statuses, streams."""

from __future__ import annotations

import io
import itertools
import json
import os
import queue
import re
import runpy
import signal
import subprocess
import sys
import threading
import time
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from neurovariety import as_model, examples
from neurovariety.cli import ending
from neurovariety.cli.ending import ended_if_stuck
from neurovariety.cli.main import app, main
from neurovariety.cli.workers import OutOfTime, insistent_interrupt, time_limit
from neurovariety.dictionary.registry import ENTRIES, find
from neurovariety.report import build

EXAMPLE = examples.path("penguins.csv")
SCHEMA = json.loads(files("neurovariety").joinpath("result.schema.json").read_text(encoding="utf-8"))
COMMAND = [sys.executable, "-c", "from neurovariety.cli.main import main; main()"]
LARGE = "mlp(12,70,70,70,4; x^2 + x)"
"""Minutes of work: for time limits and interrupts."""


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command in this process: exit status, standard output, standard error."""

    def call(*arguments, stdin=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = 0
        try:
            main([str(a) for a in arguments])
        except SystemExit as stopped:
            code = stopped.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


def in_process(*arguments, **options):
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, **options)


def objects(out):
    """The JSON objects of standard output, one a line, each valid."""
    found = [json.loads(line) for line in out.splitlines()]
    for one in found:
        jsonschema.validate(one, SCHEMA)
    return found


def check_refused(code, out, err, words):
    assert code == 2
    assert out == ""
    assert err.startswith("neurovariety: ")
    assert err.count("\n") == 1, err
    assert re.search(words, err), err


BAD_ARCHITECTURES = [
    ("resnet(2,3,1)", "unknown family"),
    ("mlp(2,0,1; x^2)", "width 0"),
    ("mlp(2,-3,1; x^2)", "width -3"),
    ("mlp(2,3,1; x^2.5)", "whole number"),
    ("mlp(2,3,1; x^1000001)", "above 1000000"),
    ("linear(99999,99999)", "more than the limit"),
    ("cnn(2,2; x^2; input=2)", "longer than its input"),
    ("mlp(2,3,1; exp(x))", "transcendental"),
    ("mlp(2,3,1; relu)", "not a polynomial"),
    ("mlp(2,3,1; relu(x))", "not a polynomial"),
    ("mlp(2,3\n,1; y)", "not a polynomial"),
    ("", "cannot read"),
    ("mlp(2,3,1", "cannot read"),
    ("--", "Missing argument|cannot read"),
]


@pytest.mark.parametrize(("text", "words"), BAD_ARCHITECTURES)
def test_bad_architectures(run, text, words):
    for entry in ("dimension", "fibers"):
        check_refused(*run(entry, text), words)
    check_refused(*run("report", text), words)


@pytest.mark.parametrize(("text", "words"), [b for b in BAD_ARCHITECTURES if b[0] != "--"])
def test_bad_architectures_as_json(run, text, words):
    code, out, err = run("dimension", text, "--json")
    (found,) = objects(out)
    assert code == 2
    assert found["architecture"] == text
    assert re.search(words, found["error"])
    assert err.count("\n") <= 1


BAD_ARGUMENTS = [
    (["dimension", "mlp(2,2,1; x^2)", "--fast"], "No such option"),
    (["dimenson", "mlp(2,2,1; x^2)"], "No such command"),
    (["dimension"], "Missing argument"),
    (["dimension", "mlp(2,2,1; x^2)", "--route", "guess"], "'guess'"),
    (["dimension", "mlp(2,2,1; x^2)", "--seed", "-1"], "-1"),
    (["dimension", "mlp(2,2,1; x^2)", "--seed", "one"], "'one'"),
    (["dimension", "mlp(2,2,1; x^2)", "--time-limit", "0"], "0"),
    (["dimension", "mlp(2,2,1; x^2)", "--time-limit", "-3"], "-3"),
    (["dimension", "mlp(2,2,1; x^2)", "--jobs", "0"], "0"),
    (["dimension", "mlp(2,2,1; x^2)", "--memory-limit", "much"], "not a size"),
    (["dimension", "mlp(2,2,1; x^2)", "--memory-limit", "-1G"], "not a size"),
    (["dimension", "mlp(2,2,1; x^2)", "--memory-limit", "infG"], "not a size"),
    (["fibers", "mlp(2,2,1; x^2)", "--at", "1,2"], "6|weights"),
    (["fibers", "mlp(2,2,1; x^2)", "--at", "1,2,3,4,5,six"], "six"),
    (["fibers", "mlp(2,2,1; x^2)", "--at", "1,2,3,4,5,1/0"], "finite numbers"),
    (["fibers", "mlp(2,2,1; x^2)", "--at", "1,2,3,4,5,nan"], "nan"),
    (["report", "mlp(2,2,1; x^2)", "extra"], "unexpected extra argument"),
    (["report", "mlp(2,2,1; x^2)", "--target", "y"], "needs --data"),
    (["report", "mlp(2,2,1; x^2)", "--html", "/no/such/folder/page.html"], "folder does not exist"),
    (["report", "mlp(2,2,1; x^2)", "--save", "/"], "cannot write"),
    (["dimension", "-"], "no architecture"),
    (["data", "mlp(2,2,1; x^2)"], "--data"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD_ARGUMENTS, ids=lambda a: " ".join(a)[:50] if isinstance(a, list) else "")
def test_bad_arguments(run, arguments, words):
    check_refused(*run(*arguments), words)


BAD_FILES = [
    (None, "does not exist"),
    ("", "is empty"),
    ("\n\n", "is empty"),
    ("a,b,y\n", "no rows"),
    ("a,b,y\n1,2,3\n1,two,3\n", r"column 'b'.*line 3.*'two' is not a number"),
    ("a,b,y\n1,NaN,3\n", "the value is missing; leave such rows out"),
    ("a,b,y\n1,-inf,3\n", "'-inf' is not finite"),
    ("a,b,y\n1,,3\n", "is missing"),
    ("a,b,y\n1,2\n", "line 2"),
    ("a,b,y\n1,2,3,4\n", "line 2"),
    ("a,a,y\n1,2,3\n", "two columns"),
    ("a,b\n1,2\n", "no column 'y'"),
    ("a,y\n1,2\n", "takes 2 inputs"),
    ("a,b,c,y\n1,2,3,4\n", "takes 2 inputs"),
    ("y\n1\n", "no input column"),
    (b"a,b,y\n1,\xff\xfe,3\n", "is not a number"),
    (b"a,b,y\n1,2\x00,3\n", "is not a text file"),
]


@pytest.mark.parametrize(("content", "words"), BAD_FILES)
def test_bad_data(run, tmp_path, content, words):
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    for command in ("report", "data"):
        check_refused(*run(command, "mlp(2,2,1; x^2)", "--data", path, "--target", "y"), words)


def test_a_folder_as_data(run, tmp_path):
    check_refused(*run("data", "mlp(2,2,1; x^2)", "--data", tmp_path), "is a directory")


def test_targets_that_do_not_fit_the_outputs(run):
    check_refused(
        *run("report", "mlp(2,2,1; x^2)", "--data", EXAMPLE, "--target", "body_mass_g,bill_depth_mm"),
        "1 output, penguins.csv has 2 target columns",
    )


def test_memory_limit_fails_fast_with_the_estimate(run):
    start = time.perf_counter()
    check_refused(
        *run("dimension", LARGE, "--memory-limit", "10M", "--route", "computed"), r"needs about [\d.]+ (GiB|MiB).*limit of 10"
    )
    assert time.perf_counter() - start < 20


FAMILIES = ("mlp(2,3,1; x^2)", "linear(3,2,3)", "cnn(2,2; x^2)", "attention(2,1; a=1; t=2)")
ONE_EACH = {entry.name: text for entry, text in zip(ENTRIES, itertools.cycle(FAMILIES), strict=False)}
SMALLER = {
    "discriminant": "mlp(2,1,1; x^2)",
    "gradient-flow": "mlp(2,1,1; x^2)",
    "implicit-bias": "mlp(2,1,1; x^2)",
    "landscape": "linear(2,1,2)",
    "polyhedral": "mlp(2,1,1; x^2)",
    "tangent-kernel": "mlp(2,1,1; x^2)",
    "voronoi": "linear(2,1,2)",
    "weight-decay": "linear(1,1,1)",
}
"""Entries that take longer, on smaller architectures."""
FEWER = {
    "gradient-flow": ["--runs", "8"],
    "discriminant": ["--grid", "6"],
    "implicit-bias": ["--targets", "8", "--flow-targets", "2", "--runs", "8"],
    "voronoi": ["--targets", "8"],
}


@pytest.mark.parametrize(("entry", "text"), (ONE_EACH | SMALLER).items())
def test_every_entry_answers_with_valid_json(run, tmp_path, entry, text):
    extra = FEWER.get(entry, [])
    if entry == "data":
        path = tmp_path / "table.csv"
        inputs = as_model(text).inputs
        path.write_text(",".join(f"x{i}" for i in range(inputs)) + "\n" + ",".join("123456"[:inputs]) + "\n")
        extra = ["--data", path]
    if find(entry).trains:
        extra = ["--metric", "gaussian", *extra]
    if (entry, text) == ("invariance", "cnn(2,2; x^2)"):
        text = "linear(3,2,3)"  # a sequence of numbers has no axis that linear maps act on
    code, out, err = run(entry, text, "--json", *extra)
    (found,) = objects(out)
    assert (code, err) == (0, "")
    assert (found["entry"], found["architecture"]) == (entry, text)
    assert found["provenance"]["seed"] == 0


@pytest.mark.parametrize(
    ("entry", "text", "words"),
    [
        ("invariance", "cnn(2,2; x^2)", "linear map of its inputs"),
        ("weight-decay", "mlp(2,3,1; x^2)", "take a smaller architecture"),
        ("polyhedral", "mlp(2,3,1; x^2)", "fits every target"),
        ("polyhedral", "linear(3,2,3)", "faces to look at"),
    ],
)
def test_an_entry_that_cannot_answer_says_so_as_json(run, entry, text, words):
    extra = ["--metric", "gaussian"] if find(entry).trains else []
    code, out, _ = run(entry, text, "--json", *extra)
    (found,) = objects(out)
    assert code == 2
    assert words in found["error"]


def test_several_architectures_with_bad_ones(run):
    texts = ["mlp(2,3,1; x^2)", "nonsense", "linear(3,2,3)", "mlp(2,0,1; x^2)", "cnn(2,2; x^2)"]
    code, out, err = run("dimension", *texts, "--json")
    found = objects(out)
    assert code == 2
    assert [f["architecture"] for f in found] == texts
    assert [f.get("value") for f in found] == [3, None, 8, None, 3]
    assert ["error" in f for f in found] == [False, True, False, True, False]
    code, out, err = run("dimension", *texts)
    assert code == 2
    assert [int(v) for v in re.findall(r"^dimension\(.*\) = (\d+)", out, re.MULTILINE)] == [3, 8, 3]
    assert err.count("\n") == 2
    assert "nonsense" in err


def test_standard_input(run):
    code, out, _ = run("dimension", "-", "--json", stdin="\nmlp(2,3,1; x^2)\n\n   \n  linear(2,2)  \n")
    assert code == 0
    assert [f["architecture"] for f in objects(out)] == ["mlp(2,3,1; x^2)", "linear(2,2)"]
    code, out, _ = run("dimension", "linear(1,1)", "-", "linear(3,3)", "--json", stdin="linear(2,2)\n")
    assert [f["value"] for f in objects(out)] == [1, 4, 9]


def test_same_seed_same_answer(run):
    def without_time(*arguments):
        found = objects(run(*arguments, "--json")[1])
        for f in found:
            f["provenance"].pop("seconds")
        return found

    for entry in ("dimension", "ambient", "fibers", "symmetries"):
        text = "mlp(2,3,2,2; x^2 + x)"
        assert without_time(entry, text, "--seed", "7") == without_time(entry, text, "--seed", "7")
    assert without_time("dimension", "mlp(3,3,3; x^2)", "--seed", "1") != without_time("dimension", "mlp(3,3,3; x^2)", "--seed", "2")


def test_route_and_special_fiber(run):
    _, out, _ = run("dimension", "linear(3,2,3)", "--route", "theorem", "--json")
    assert objects(out)[0]["evidence"]["route"] == "theorem"
    _, out, _ = run("fibers", "mlp(2,2,1; x^3)", "--at", "1,2,0,0,1,0", "--json")
    assert objects(out)[0]["value"]["dimension"] == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_time_limit(run):
    """Wherever it falls: in a library that just opened /proc/meminfo as well, which then stays open until it is collected."""
    texts = ["mlp(2,3,1; x^2)", LARGE, "linear(2,2)"]
    start = time.perf_counter()
    code, out, err = run("dimension", *texts, "--time-limit", "1", "--json", "--route", "computed")
    assert time.perf_counter() - start < 30
    found = objects(out)
    assert code == 3
    assert [f["architecture"] for f in found] == texts
    assert found[1]["evidence"]["finished"] is False
    assert found[1]["claim"] in ("undecided", "estimate")
    assert found[1]["evidence"]["reason"] == "the time limit was reached"
    assert "cut_short_at" in found[1]["evidence"]
    assert err == ""


def test_time_limit_of_the_report(run):
    code, out, _ = run("report", LARGE, "--time-limit", "1", "--json")
    assert code == 3
    found = json.loads(out)
    assert found["finished"] is False
    assert re.match(
        rf"cut short by the time limit after {len(found['entries'])} of \d+ entries; .*implicit-bias.* not computed", found["cut_short"]
    )


@pytest.fixture
def heard():
    """Children hear Ctrl-C: a test run in the background of a shell would hand down an ignored one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_interrupt():
    """Ctrl-C while the second architecture is at work: the first is on standard output, the second is said to be unfinished."""
    process = subprocess.Popen(
        [*COMMAND, "dimension", "mlp(2,3,1; x^2)", LARGE, "linear(2,2)", "--json", "--route", "computed"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = process.stdout.readline()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)
    found = objects(first + rest)
    assert process.returncode == 130
    assert [f["architecture"] for f in found] == ["mlp(2,3,1; x^2)", LARGE]
    assert found[0]["value"] == 3
    assert found[1]["evidence"]["reason"] == "interrupted"
    assert "Traceback" not in err


@pytest.mark.usefixtures("heard")
def test_an_interrupt_that_was_swallowed_comes_again():
    """Python ignores exceptions in destructors; the work goes on, and Ctrl-C must still end it."""
    script = """
import os, signal, time
from neurovariety.cli.workers import insistent_interrupt
class Swallows:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
try:
    with insistent_interrupt():
        Swallows()
        print("went on", flush=True)
        start = time.process_time()
        while time.process_time() - start < 20:
            pass
        print("not heard", flush=True)
except KeyboardInterrupt:
    print("heard", flush=True)
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split("\n")[:2] == ["went on", "heard"]
    assert done.stderr == ""


class Swallowing:
    """Python ignores what a destructor raises, as compiled code does with callbacks."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)
        for _ in range(1000):  # the handler runs between two instructions
            pass


def swallow(number, error=None):
    Swallowing(number)
    if error is not None:
        raise error


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("error", [None, RuntimeError("no compiled object yet"), ValueError("of what came of it")])
def test_an_interrupt_is_not_taken_for_what_it_breaks(error):
    """A callback of numba's compiler swallowed Ctrl-C, and the compiler failed: a traceback, and status 1."""
    with pytest.raises(KeyboardInterrupt), insistent_interrupt():
        swallow(signal.SIGINT, error)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(OutOfTime), time_limit(time.time() + 1000):
        swallow(signal.SIGALRM, error)
    with pytest.raises(KeyboardInterrupt), insistent_interrupt(), time_limit(time.time() + 1000):
        swallow(signal.SIGINT, OutOfTime())


@pytest.mark.parametrize(("ends", "status"), [(KeyboardInterrupt(), 130), (SystemExit(3), 3)])
def test_stopped_work_ends_the_process_at_once(monkeypatch, ends, status):
    """Threads in compiled code outlive an interrupt; taking the interpreter apart under them ended in SIGSEGV."""
    left, written = [], io.StringIO()

    def stopped(**_):
        raise ends

    def leave(code):
        left.append((code, written.flushed))
        raise SystemExit(code)

    written.flushed = False
    monkeypatch.setattr(written, "flush", lambda: setattr(written, "flushed", True))
    monkeypatch.setattr("sys.stdout", written)
    monkeypatch.setattr(app, "main", stopped)
    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(ending, "_own", threading.Event())
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit):
        main()
    signal.signal(signal.SIGINT, before)
    assert left == [(status, True)]
    with pytest.raises(SystemExit):  # a host program goes on
        main(["--help"])
    assert len(left) == 1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGALRM, 3)])
def test_compiled_code_that_does_not_come_back_is_left(monkeypatch, number, status):
    """Python hears signals between its own instructions; XLA may need minutes until then."""
    said, left = [], queue.Queue()
    own = threading.Event()
    own.set()
    monkeypatch.setattr(ending, "_own", own)
    monkeypatch.setattr(ending, "_GRACE", 0.02)
    monkeypatch.setattr(ending, "end_at_once", left.put)
    before = signal.signal(number, lambda *_: None)  # as if nobody came to hear it
    try:
        with ended_if_stuck(said.append):
            signal.raise_signal(number)
            assert left.get(timeout=30) == status
        assert said == [status]
        with ended_if_stuck(said.append):  # work that stops by itself
            signal.raise_signal(number)
        own.clear()
        with ended_if_stuck(said.append):  # a host program
            signal.raise_signal(number)
            time.sleep(0.1)
    finally:
        signal.signal(number, before)
    assert said == [status]
    assert left.empty()


def test_parallel_answers_equal_sequential_ones(run):
    texts = [f"mlp(2,{k},1; x^{2 + k % 3})" for k in range(1, 12)] + ["bad(1)", "linear(3,2,3)"]

    def values(*options):
        code, out, _ = run("dimension", *texts, "--json", *options)
        found = objects(out)
        for f in found:
            f.get("provenance", {}).pop("seconds", None)
        return code, found

    one, two = values("--jobs", "1"), values("--jobs", "2")
    assert one == two
    assert one[0] == 2
    assert [f["architecture"] for f in one[1]] == texts


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("dimension", "linear(2,1)", "--time-limit", "nan"), "'--time-limit': 'nan' is not a finite number"),
        (("report", "linear(2,1)", "--time-limit", "nan"), "'--time-limit': 'nan' is not a finite number"),
        (("diagnose", "none.npz", "--time-limit", "-inf"), "'--time-limit': -inf is not in the range x>0"),
        (("prune", "none.npz", "--radius", "inf"), "'--radius': 'inf' is not a finite number"),
        (("prune", "none.npz", "--tolerance", "nan"), "'--tolerance': 'nan' is not a finite number"),
        (("gradient-flow", "linear(1,1)", "--step", "nan"), "a step size is a positive number, got nan"),
        (("landscape", "linear(1,1)", "--held-out", "nan"), "the share of rows held out is a number from 0 up to 1, got nan"),
        (("weight-decay", "linear(1,1)", "--strengths", "1,a"), "or a list of these, got 'a'"),
    ],
)
def test_numbers_that_are_none(run, command, sentence):
    code, _, err = run(*command)
    assert (code, err.count("\n")) == (2, 1)
    assert sentence in err


@pytest.mark.parametrize("limit", ["inf", "1e300"])
def test_no_time_limit(run, limit):
    assert run("dimension", "linear(2,1)", "--time-limit", limit)[0] == 0


def test_the_old_word_for_a_resume_file(run, tmp_path):
    code, out, err = run("ml-degree", "linear(2,1,2)", "--checkpoint", tmp_path / "run", "--json")
    assert (code, objects(out)[0]["value"]) == (0, 1)
    assert err == "neurovariety: --checkpoint is now --resume; the old word goes with the next version\n"
    assert (tmp_path / "run").exists()
    assert "--resume" in run("ml-degree", "--help")[1]
    assert "--checkpoint" not in run("ml-degree", "--help")[1]


def test_help_imports_nothing_heavy():
    program = (
        "import sys\nfrom neurovariety.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'jax', 'jaxlib', 'numpy', 'numba', 'matplotlib', 'flint'}))"
    )
    for arguments in (["--help"], ["dimension", "--help"], ["--version"]):
        done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.splitlines()[-1] == "[]"
        assert done.stderr == ""


def test_help_names_every_entry(run):
    code, out, _ = run("--help")
    assert code == 0
    for name in [*(e.name for e in ENTRIES), "report", "doctor", "selftest"]:
        assert re.search(rf"^\s+{name}\s", out, re.MULTILINE)


def test_an_experiment(run, tmp_path):
    picture = tmp_path / "recovery.svg"
    code, out, _ = run("experiment", "recovery", "linear(2,2)", "--teachers", 2, "--starts", 2, "--figure", picture)
    assert code == 0
    assert "predicted: finitely many functions from 2 samples on, one from 2" in out
    assert "from 2 on, and hardly others from 2 on" in out
    assert "<svg" in picture.read_text(encoding="utf-8")
    code, out, _ = run("experiment", "recovery", "linear(2,2)", "--samples", 3, "--json")
    assert json.loads(out)["seen"] == {"none_below": 2, "all_from": 2}
    for given in (["--figure", "a.txt"], ["--samples", "0"], ["--teachers", "0"]):
        code, out, err = run("experiment", "recovery", "linear(2,2)", "--teachers", 1, "--starts", 1, *given)
        assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_an_experiment_on_free_energies(run, tmp_path):
    picture = tmp_path / "energies.svg"
    code, out, _ = run("experiment", "free-energy", "linear(1,1)", "--data-sets", 2, "--figure", picture)
    assert code == 0
    assert "the learning coefficient is 1/2, with multiplicity 1: the interval" in out
    assert "<svg" in picture.read_text(encoding="utf-8")
    code, out, _ = run("experiment", "free-energy", "linear(1,1)", "--true-rank", 1, "--data-sets", 2, "--json")
    found = json.loads(out)
    assert (found["network"], found["predicted"]["learning_coefficient"], found["predicted"]["claim"]) == (
        "linear(1,1) rank 1",
        "1/2",
        "proved",
    )
    assert found["slope"] == pytest.approx(0.5, abs=0.05)
    for given in (
        ["linear(1,1)", "--data-sets", "1"],
        ["linear(1,1)", "--true-rank", "2"],
        ["mlp(1,1,1; x^2)", "--true-rank", "1"],
        ["no(1)"],
    ):
        code, out, err = run("experiment", "free-energy", *given)
        assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_selftest(run):
    code, out, _ = run("selftest")
    assert code == 0
    count = len(json.loads(files("neurovariety.cli").joinpath("selftest.json").read_text(encoding="utf-8")))
    assert f"{count} of {count} reference values agree" in out


def test_selftest_notices_a_wrong_value(run, monkeypatch):
    from neurovariety.cli import selftest

    monkeypatch.setattr(selftest, "_computed", lambda case: -1)
    code, out, _ = run("selftest")
    assert code == 1
    assert "FAIL" in out


def test_doctor(run):
    code, out, _ = run("doctor")
    assert code == 0
    assert "numpy" in out
    code, out, _ = run("doctor", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["packages"]["jax"] != "missing"
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = itertools.chain(*project["optional-dependencies"].values())
    assert set(found["packages"]) == {*map(name_of, project["dependencies"]), "jaxlib"}
    assert set(found["optional"]) == set(map(name_of, extras))


def name_of(requirement):
    return re.split("[<>=~]", requirement)[0]


def test_a_reader_that_stops_early():
    """`... | head -1` ends quietly."""
    texts = " ".join(f"'mlp(2,{k},1; x^2)'" for k in range(1, 9))
    program = f"{sys.executable} -c 'from neurovariety.cli.main import main; main()' dimension {texts} --json | head -1"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert objects(done.stdout)[0]["value"] == 2
    assert "Traceback" not in done.stderr
    assert done.stderr == ""


def test_installed_command():
    """The console script itself, from the shell, on a bad input."""
    script = Path(sys.executable).parent / "neurovariety"
    done = subprocess.run([script, "dimension", "mlp(2,3,1; exp(x))"], capture_output=True, text=True, timeout=60, check=False)
    check_refused(done.returncode, done.stdout, done.stderr, "transcendental")


@pytest.mark.parametrize("module", ["neurovariety", "neurovariety.cli.main"])
def test_as_a_module(module, capsys, monkeypatch):
    """``python -m module``."""
    monkeypatch.setattr(sys, "argv", ["python", "dimension", "linear(2,2)"])
    for loaded in ("neurovariety.__main__", "neurovariety.cli.main"):  # or runpy warns of running a module twice
        monkeypatch.delitem(sys.modules, loaded, raising=False)
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module(module, run_name="__main__")
    assert (stopped.value.code, capsys.readouterr().out.splitlines()[0]) == (0, "dimension(linear(2,2)) = 4 [proved, seed 0]")


def test_no_arguments_shows_help(run):
    code, out, _ = run()
    assert code == 2
    assert "Usage" in out


class TestReport:
    def test_table_page_and_file(self, run, tmp_path, monkeypatch):
        """All entries at once: `tests/report`."""
        some = [find(name) for name in ("ambient", "dimension", "data", "landscape")]
        monkeypatch.setattr(build, "ENTRIES", some)
        page, save = tmp_path / "page.html", tmp_path / "report.json"
        data = ["--data", examples.path("cars.csv"), "--target", "distance_ft"]
        code, out, err = run("report", "linear(1,1)", *data, "--html", page, "--save", save)
        assert code == 0
        for entry in some:
            assert re.search(rf"^ *{entry.name}\b", out, re.MULTILINE)
        assert f"wrote {page}" in err
        assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
        assert json.loads(save.read_text(encoding="utf-8"))["finished"] is True

    def test_json(self, run):
        code, out, err = run("report", "linear(2,2)", "--json")
        found = json.loads(out)
        assert (code, err) == (0, "")
        assert [e["entry"] for e in found["entries"]] == [e.name for e in ENTRIES if e.in_reports and not e.needs_data and not e.trains]
        for one in found["entries"]:
            jsonschema.validate(one, SCHEMA)


NEW_ENTRY = """
import contextlib, io, json, sys
from neurovariety.dictionary import registry
registry.ENTRIES = (*registry.ENTRIES, registry.Entry("twice", "a new entry", path="twice:twice"))
from neurovariety.cli.main import main
printed = []
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main(arguments)
    printed.append(out.getvalue())
print(json.dumps(printed))
"""
TWICE = """
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from neurovariety import Claim, Model
from neurovariety.certificates.issue import weakly
from neurovariety.certificates.sentences import Gloss
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.dictionary.runner import entry
from neurovariety.options import Option

@dataclass(frozen=True, repr=False)
class TwiceResult(EntryResult):
    entry: ClassVar[str] = "twice"

@entry
def twice(model: Model, *, often: Annotated[Literal["once", "twice"], Option("how often")] = "once", seed: int = 0) -> TwiceResult:
    value = 2 * model.parameters * (1 if often == "once" else 2)
    words = Gloss(f"{often} twice the parameters", {})
    return TwiceResult(value, weakly("twice", Claim.ESTIMATE, "an example"), glosses=(words,), evidence={})
"""


def test_a_new_entry_needs_no_other_edit(tmp_path):
    """A row in the registry is a command with the options of its function, a row of the report, and an article of the page."""
    (tmp_path / "twice.py").write_text(TWICE)
    page = tmp_path / "page.html"
    commands = [
        ["--help"],
        ["twice", "linear(2,3)", "--json"],
        ["twice", "linear(2,3)", "--json", "--often", "twice"],
        ["twice", "--help"],
        ["report", "linear(2,3)", "--html", str(page)],
    ]
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-c", NEW_ENTRY],
        input=json.dumps(commands),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    help_text, answer, doubled, own_help, report = json.loads(done.stdout)
    assert "twice" in help_text
    assert objects(answer)[0]["value"] == 12
    found = objects(doubled)[0]
    assert (found["value"], found["evidence"]["options"]) == (24, {"often": "twice"})
    assert "--often [once|twice] How often." in " ".join(own_help.split())
    assert "once twice the" in " ".join(report.split())  # the next word is in the next line, behind the value
    assert "nce twice the parameters" in page.read_text(encoding="utf-8")
