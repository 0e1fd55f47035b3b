"""Files with operators that are kept: one against its own rewriting, and against files that are another function."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.compared_parts import SameParts, hash_of_sizes
from neurovariety.certificates.issue import issue
from neurovariety.certificates.recheck import TRUSTED, recheck
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.file_alignment import compared_files
from neurovariety.claim import Claim

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import helper, numpy_helper  # noqa: E402

from .test_partial_networks import node, saved  # noqa: E402

ORDER = [3, 0, 5, 1, 4, 2]


def arrays():
    rng = np.random.default_rng(1)
    shapes = {"w": (6, 4), "b": (6,), "v": (6, 5), "s": (5,), "k": (7, 5), "c": (7,), "u": (7, 2)}
    return {name: (rng.integers(-8, 9, size=shape) / 4).astype(np.float32) for name, shape in shapes.items()}


def rewritten(given, factors=(1, 2, 4, 0.5, 1, 2)):
    """Units before and after the kept operators in another order, those of ReLU scaled by powers of two."""
    out, scale = dict(given), np.array(factors, dtype=np.float32)
    out["w"], out["b"] = (given["w"] * scale[:, None])[ORDER], (given["b"] * scale)[ORDER]
    out["v"] = (given["v"] / scale[:, None])[ORDER]
    order = [6, 2, 0, 1, 5, 4, 3]
    out["k"], out["c"], out["u"] = given["k"][order], given["c"][order], given["u"][order]
    return out


def file(path, given, between="LogSoftmax", names="hrspqxy", **more):
    """x -> Gemm -> Relu -> MatMul -> an operator that is kept, times a stored vector -> Gemm -> Relu -> MatMul."""
    h, r, s, p, q, m, n = names
    nodes = [
        node("Gemm", "input w b", h, transB=1),
        node("Relu", h, r),
        node("MatMul", f"{r} v", f"{s}1"),
        node(between, f"{s}1", p, **more),
        node("CumSum", f"{p} axis", q),
        node("Mul", f"{q} s", f"{q}2"),
        node("Gemm", f"{q}2 k c", m, transB=1),
        node("Relu", m, n),
        node("MatMul", f"{n} u", "output"),
    ]
    given = {**given, "axis": np.array(1, dtype=np.int64)}
    return saved(path, nodes, given, {"input": ["n", 4]}, {"output": ["n", 2]})


def test_a_file_is_the_function_of_its_own_rewriting(tmp_path):
    one, two = file(tmp_path / "a.onnx", arrays()), file(tmp_path / "b.onnx", rewritten(arrays()), names="ZUTLABC")
    found = nv.align(one, two)
    assert (found.value["same"], found.value["related"], found.claim) == ("yes", "yes", Claim.PROVED)
    assert sorted(s["permutation"] for s in found.evidence["symmetry"])  # both parts
    assert len(found.evidence["symmetry"]) >= 2
    assert "are the same function" in found.meaning
    stored = json.loads(json.dumps(found.to_dict(certificates=True)))
    said = recheck(stored)
    assert not said.refused
    assert {k.key: k.outcome for k in said.keys}["same"] == TRUSTED  # that the rest of the files was compared
    stored["value"]["related"] = "no"
    assert recheck(stored).refused


@pytest.mark.parametrize("change", ["operator", "attribute", "stored for what is kept", "a weight", "wiring", "units of one side"])
def test_other_functions_are_not_the_same(tmp_path, change):
    one, given, more = file(tmp_path / "a.onnx", arrays()), rewritten(arrays()), {}
    if change == "operator":
        more = {"between": "Cos"}
    elif change == "attribute":
        more = {"axis": 0}
    elif change == "stored for what is kept":
        given["s"] = given["s"][::-1].copy()
    elif change == "a weight":
        given["w"][0, 0] += 1
    elif change == "units of one side":
        given["v"] = arrays()["v"]
    two = file(tmp_path / "b.onnx", given, **more)
    if change == "wiring":
        model = onnx.load(two)
        last = next(n for n in model.graph.node if n.op_type == "Mul")
        last.input[0] = "p"
        onnx.save(model, two)
    found = nv.align(one, two)
    assert found.value["same"] == "no"
    assert found.claim is Claim.ESTIMATE
    assert found.notices


def test_a_difference_that_is_not_seen_stays_undecided(tmp_path):
    """The file differs, by less than its runtime rounds."""
    given = arrays()
    given["w"][2, 1] += np.float32(2.0**-22)
    found = nv.align(file(tmp_path / "a.onnx", arrays()), file(tmp_path / "b.onnx", given))
    assert found.value["same"] in ("undecided", "no")
    assert found.claim in (Claim.UNDECIDED, Claim.ESTIMATE)


def test_an_array_that_is_read_twice_is_kept(tmp_path):
    """What a part and a kept operator both read belongs to what has to be equal."""

    def tied(path, given):
        nodes = [
            node("Gemm", "input w b", "h", transB=1),
            node("Relu", "h", "r"),
            node("MatMul", "r v", "y0"),
            node("Cos", "b", "sb"),
            node("ReduceSum", "sb", "total", keepdims=0),
            node("Add", "y0 total", "y1"),
            node("CumSum", "y1 axis", "output"),
        ]
        own = {k: given[k] for k in "wbv"} | {"axis": np.array(1, dtype=np.int64)}
        return saved(path, nodes, own, {"input": ["n", 4]}, {"output": ["n", 5]})

    found = nv.align(tied(tmp_path / "a.onnx", arrays()), tied(tmp_path / "b.onnx", rewritten(arrays())))
    assert found.value["same"] != "yes"


def test_false_twins_of_the_certificate(tmp_path):
    one, two = file(tmp_path / "a.onnx", arrays()), file(tmp_path / "b.onnx", rewritten(arrays()))
    found = compared_files(nv.load_network(one), nv.load_network(two), 0)
    kept = found.kept[0].hash
    pairs = tuple((a.network, b.network) for a, b in zip(*(k.parts for k in found.kept), strict=True))
    at = found.kept[0].at
    assert at == "input: 3 x 4"
    sizes = hash_of_sizes(at)
    subject = (kept, kept, pairs, sizes)
    assert len(pairs) == 2
    assert issue(SameParts("same", "yes", kept, found.verdicts, at), subject).claim is Claim.PROVED
    for key, value, hash_, known, on in (
        ("same", "yes", kept + 1, found.verdicts, subject),
        ("same", "yes", kept, found.verdicts, (kept, kept + 1, pairs, sizes)),
        ("same", "yes", kept, found.verdicts, (kept + 1, kept, pairs, sizes)),
        ("same", "yes", kept, found.verdicts[:1], subject),
        ("same", "yes", kept, found.verdicts[:1], (kept, kept, pairs[1:], sizes)),
        ("same", "yes", kept, found.verdicts[::-1], subject),
        ("same", "yes", kept, found.verdicts, (kept, kept, tuple(p[::-1] for p in pairs), sizes)),
        ("same", "no", kept, found.verdicts, subject),
        ("bound", 0, kept, found.verdicts, subject),
        ("difference", None, kept, found.verdicts, subject),
        ("related", "no", kept, found.verdicts, subject),
    ):
        with pytest.raises(NotShown):
            issue(SameParts(key, value, hash_, known, at), on)
    with pytest.raises(NotShown):  # at every size
        issue(SameParts("same", "yes", kept, found.verdicts), subject)


def test_names_in_inner_graphs_are_taken_as_they_are(tmp_path):
    def inner(path, given, offset=1.0):
        bodies = {
            "then_branch": helper.make_graph(
                [helper.make_node("Add", ["s0", "one"], ["t"])], "t", [], [helper.make_tensor_value_info("t", 1, None)],
                [numpy_helper.from_array(np.float32(offset), "one")],
            ),
            "else_branch": helper.make_graph(
                [helper.make_node("Neg", ["s0"], ["e"])], "e", [], [helper.make_tensor_value_info("e", 1, None)]
            ),
        }  # fmt: skip
        nodes = [
            node("Gemm", "input w b", "h", transB=1),
            node("Relu", "h", "r"),
            node("MatMul", "r v", "s0"),
            node("ReduceSum", "s0", "size", keepdims=0),
            node("Greater", "size zero", "test"),
            node("If", "test", "output", **bodies),
        ]
        own = {k: given[k] for k in "wbv"} | {"zero": np.float32(0)}
        return saved(path, nodes, own, {"input": ["n", 4]}, {"output": ["n", 5]})

    one = inner(tmp_path / "a.onnx", arrays())
    assert nv.align(one, inner(tmp_path / "b.onnx", rewritten(arrays()))).value["same"] == "yes"
    assert nv.align(one, inner(tmp_path / "c.onnx", rewritten(arrays()), 2.0)).value["same"] != "yes"


def test_a_file_and_a_network_that_is_understood_are_refused(tmp_path):
    with pytest.raises(nv.InputError, match="not understood as a whole"):
        nv.align(file(tmp_path / "a.onnx", arrays()), {"w1": [[1.0, 2]], "w2": [[1.0]]}, architecture="mlp(2,1,1; relu)")
    one = file(tmp_path / "a.onnx", arrays())
    with pytest.raises(nv.DataError, match="understood as a whole"):
        nv.align(one, one, data=np.zeros((2, 4)), target=np.zeros(2))


def ended(path, more, outputs=None, **stored):
    """The file of `file` with further operators, its outputs and arrays."""
    given = {**arrays(), **stored, "axis": np.array(1, dtype=np.int64)}
    nodes = [
        node("Gemm", "input w b", "h", transB=1),
        node("Relu", "h", "r"),
        node("MatMul", "r v", "s0"),
        node("CumSum", "s0 axis", "output"),
        *more,
    ]
    return saved(path, nodes, given, {"input": ["n", 4]}, {"output": ["n", 5], **(outputs or {})})


def scaled_by_rank(path, value):
    """Times how many axes a stored array has."""
    more = [
        node("Shape", "t", "axes"),
        node("Size", "axes", "rank"),
        node("Cast", "rank", "by", to=1),
        node("Mul", "output by", "z"),
    ]
    return ended(path, more, {"z": ["n", 5]}, t=np.array(value, dtype=np.int64))


def equal_words(path, value):
    more = [node("Equal", "t1 t2", "e"), node("Cast", "e", "by", to=1), node("Mul", "output by", "z")]
    words = {"t1": np.array(["one"], dtype=object), "t2": np.array([value], dtype=object)}
    return ended(path, more, {"z": ["n", 5]}, **words)


def stored_output(path, value):
    return ended(path, [], {"z": [2]}, z=np.array(value, dtype=np.float32))


def constant_output(path, value):
    tensor = numpy_helper.from_array(np.array(value, dtype=np.float32))
    return ended(path, [helper.make_node("Constant", [], ["z"], value=tensor)], {"z": [2]})


@pytest.mark.parametrize(
    ("made", "one", "two"),
    [
        (stored_output, [1, 2], [1, 3]),
        (constant_output, [1, 2], [1, 3]),
        (scaled_by_rank, 2, [2]),
        (equal_words, "one", "two"),
    ],
)
def test_all_that_is_stored_beside_the_parts_is_compared(tmp_path, made, one, two):
    """Arrays that are outputs themselves, an axis more, and words."""
    first, again, other = made(tmp_path / "a.onnx", one), made(tmp_path / "b.onnx", one), made(tmp_path / "c.onnx", two)
    assert nv.align(first, again).value["same"] == "yes"
    assert nv.align(first, other).value["same"] == "no"


def test_two_functions_of_one_name(tmp_path):
    def overloaded(path, which):
        model = onnx.load(ended(path, [node("Neg", "output", "z")], {"z": ["n", 5]}))
        model.graph.node[-1].CopyFrom(helper.make_node("F", ["output"], ["z"], domain="own", overload=which))
        for overload, operator in (("first", "Relu"), ("second", "Neg")):
            body = [helper.make_node(operator, ["u"], ["v"])]
            model.functions.append(helper.make_function("own", "F", ["u"], ["v"], body, [helper.make_opsetid("", 18)]))
            model.functions[-1].overload = overload
        model.opset_import.append(helper.make_opsetid("own", 1))
        model.ir_version = 10
        onnx.save(model, path)
        return path

    one, two = overloaded(tmp_path / "a.onnx", "first"), overloaded(tmp_path / "b.onnx", "second")
    assert nv.align(one, two).value["same"] != "yes"


def test_what_a_part_is_at_the_sizes_that_were_taken_is_said_of_these(tmp_path):
    """The number of samples less three is a factor, which is 0 where the file is read, at three samples."""

    def by_samples(path, factor):
        nodes = [
            node("Shape", "input", "sizes"),
            node("Gather", "sizes zero", "n"),
            node("Cast", "n", "samples", to=1),
            node("Sub", "samples three", "less"),
            node("Gemm", "input w b", "h", transB=1),
            node("Relu", "h", "r"),
            node("Mul", "r less", "m"),
            node("MatMul", "m v", "s0"),
            node("CumSum", "s0 axis", "output"),
        ]
        own = {k: v * np.float32(factor if k in "wb" else 1) for k, v in arrays().items() if k in "wbv"}
        own |= {"axis": np.array(1, dtype=np.int64), "zero": np.array(0, dtype=np.int64), "three": np.float32(3)}
        return saved(path, nodes, own, {"input": ["n", 4]}, {"output": ["n", 5]})

    found = nv.align(by_samples(tmp_path / "a.onnx", 1), by_samples(tmp_path / "b.onnx", 7))
    assert found.value["same"] != "yes" or "at inputs input: 3 x 4" in found.meaning


@pytest.mark.parametrize("inner", [True, False])
def test_external_files_of_inner_arrays_are_those_beside_the_model(tmp_path, monkeypatch, inner):
    def beside(folder, value):
        folder.mkdir()
        tensor = numpy_helper.from_array(np.array([value], dtype=np.float32), "k")
        (folder / "k.bin").write_bytes(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="k.bin")
        out = [helper.make_tensor_value_info("t", 1, [1])]
        branch = helper.make_graph([helper.make_node("Identity", ["k"], ["t"])], "t", [], out, [tensor])
        other = helper.make_graph([helper.make_node("Constant", [], ["t"], value_floats=[1.0])], "e", [], out)
        given = helper.make_node("If", ["yes"], ["by"], then_branch=branch, else_branch=other)
        constant = helper.make_node("Constant", [], ["by"], value=tensor)
        more = [node("Neg", "output", "by"), node("Mul", "output by", "z")]
        path = ended(folder / "a.onnx", more, {"z": ["n", 5]}, yes=np.array(True))
        model = onnx.load(path)
        model.graph.node[-2].CopyFrom(given if inner else constant)
        path.write_bytes(model.SerializeToString())
        return path

    one, two = beside(tmp_path / "one", 2), beside(tmp_path / "two", 5)
    monkeypatch.chdir(tmp_path / "one")
    assert nv.align(one, one).value["same"] == "yes"
    assert nv.align(one, two).value["same"] == "no"


def test_files_with_random_operators_are_not_told_apart(tmp_path):
    """Written in another order they are run, and each differs from itself."""

    def random(path, first):
        drawn = [node("ConstantOfShape", "many", "zeros"), node("RandomUniformLike", "zeros", "q"), node("Cast", "q100", "z", to=7)]
        drawn.insert(2, node("Mul", "q hundred", "q100"))
        model = onnx.load(ended(path, drawn, {"z": [200]}, many=np.array([200]), hundred=np.float32(100)))
        model.graph.output[1].type.tensor_type.elem_type = onnx.TensorProto.INT64
        if first:
            nodes = [*model.graph.node]
            del model.graph.node[:]
            model.graph.node.extend(nodes[4:] + nodes[:4])
        onnx.save(model, path)
        return path

    one, two = random(tmp_path / "a.onnx", False), random(tmp_path / "b.onnx", True)
    assert nv.align(one, two).value["same"] == "undecided"
    assert nv.align(one, one).value["same"] == "undecided"


@pytest.mark.parametrize(
    ("training", "listed", "same"), [(False, False, "yes"), (True, False, "undecided"), (False, True, "undecided")]
)
def test_a_dropout_that_is_stored_to_be_off_draws_nothing(tmp_path, training, listed, same):
    """Where whoever runs the file can switch it on, it may."""
    more = [node("Dropout", "output ratio on", "z")]
    path = ended(tmp_path / "a.onnx", more, {"z": ["n", 5]}, ratio=np.float32(0.5), on=np.array(training))
    model = onnx.load(path)
    if listed:
        model.graph.input.append(helper.make_tensor_value_info("on", onnx.TensorProto.BOOL, []))
    onnx.save(model, path)
    found = nv.align(path, path)
    assert found.value["same"] == same
    assert ("at the stored values of its inputs on" in found.subject) == listed
