"""Files from strangers: nothing in them is executed, and what is damaged is refused in a sentence."""

from __future__ import annotations

import io
import json
import pickle
import sys
import zipfile

import numpy as np
import pytest

import neurovariety as nv
from neurovariety import examples

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")


class Bomb:
    """Unpickling it creates a file."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return (open, (self.file, "w"))


@pytest.fixture
def exported(tmp_path):
    file = tmp_path / "good.pt2"
    torch.export.save(torch.export.export(torch.nn.Sequential(torch.nn.Linear(2, 1)), (torch.zeros(2, 2),)), file)
    return file


def rewritten(source, target, change):
    """The archive with ``change(name, bytes)`` in place of each entry; None drops it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return target


def test_the_bomb_is_real(tmp_path):
    pickle.loads(pickle.dumps(Bomb(tmp_path / "ran"))).close()
    assert (tmp_path / "ran").exists()


def test_pickled_weights_in_an_archive_do_not_run(exported, tmp_path):
    """torch.export.load would unpickle this weight; here it is refused and nothing runs."""
    buffer = io.BytesIO()
    torch.save(Bomb(tmp_path / "ran"), buffer)

    def change(name, data):
        if name.endswith("weights_config.json"):
            config = json.loads(data)
            for entry in config["config"].values():
                entry["use_pickle"] = True
            return json.dumps(config).encode()
        return buffer.getvalue() if "/data/weights/weight_" in name or name.endswith("sample_inputs/model.pt") else data

    with pytest.raises(nv.InputError, match="as a pickle, which could run code"):
        nv.load_network(rewritten(exported, tmp_path / "bad.pt2", change))
    assert not (tmp_path / "ran").exists()


def test_pickled_sample_inputs_are_never_opened(exported, tmp_path):
    buffer = io.BytesIO()
    torch.save(Bomb(tmp_path / "ran"), buffer)
    bad = rewritten(exported, tmp_path / "bad.pt2", lambda n, d: buffer.getvalue() if n.endswith("sample_inputs/model.pt") else d)
    assert nv.load_network(bad).parameters == 3
    assert not (tmp_path / "ran").exists()


def test_legacy_pickles_and_custom_objects_are_refused(exported, tmp_path):
    payload = pickle.dumps(Bomb(tmp_path / "ran"))
    with zipfile.ZipFile(rewritten(exported, tmp_path / "legacy.pt2", lambda n, d: d), "a") as z:
        z.writestr("good/data/weights/model.pt", payload)
    with pytest.raises(nv.InputError, match="as a pickle"):
        nv.load_network(tmp_path / "legacy.pt2")

    def change(name, data):
        if name.endswith("constants_config.json"):
            return json.dumps({"config": {"c": {"path_name": "opaque_obj_0", "use_pickle": False, "tensor_meta": None}}}).encode()
        return data

    with zipfile.ZipFile(rewritten(exported, tmp_path / "opaque.pt2", change), "a") as z:
        z.writestr("good/data/constants/opaque_obj_0", payload)
    with pytest.raises(nv.InputError, match="as a pickle"):
        nv.load_network(tmp_path / "opaque.pt2")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl", ".ckpt"])
def test_pickles_are_refused_unopened(suffix, tmp_path):
    file = tmp_path / f"model{suffix}"
    file.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    with pytest.raises(nv.InputError, match=r"torch\.export\.save"):
        nv.load_network(file)
    file.rename(tmp_path / "model.pt2")
    with pytest.raises(nv.InputError, match=r"\.pt2"):
        nv.load_network(tmp_path / "model.pt2")
    assert not (tmp_path / "ran").exists()


def test_pickled_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", w=np.array([Bomb(tmp_path / "ran")], dtype=object))
    with pytest.raises(nv.InputError, match="plain arrays"):
        nv.load_network(tmp_path / "a.npz", architecture="mlp(1,1; x)")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("storage_offset", {"as_int": 10**9}, "stored entries"),
        ("storage_offset", {"as_int": -1}, "which no tensor has"),
        ("sizes", [{"as_int": 10**6}, {"as_int": 10**6}], "stored"),
        ("strides", [{"as_int": -1}, {"as_int": 1}], "which no tensor has"),
        ("dtype", 9, "torch's types"),
        ("sizes", "x", "cannot be read"),
    ],
)
def test_tensors_stay_inside_their_bytes(exported, tmp_path, field, value, message):
    def change(name, data):
        if name.endswith("weights_config.json"):
            config = json.loads(data)
            config["config"]["0.weight"]["tensor_meta"][field] = value
            return json.dumps(config).encode()
        return data

    with pytest.raises(nv.InputError, match=message):
        nv.load_network(rewritten(exported, tmp_path / "bad.pt2", change))


@pytest.mark.parametrize("drop", ["models/model.json", "weight_0", "weights_config.json", "archive_format"])
def test_damaged_archives(exported, tmp_path, drop):
    with pytest.raises(nv.InputError):
        nv.load_network(rewritten(exported, tmp_path / "bad.pt2", lambda n, d: None if n.endswith(drop) else d))


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"PK\x05\x06" + bytes(18), b"hello" * 100])
@pytest.mark.parametrize("suffix", [".onnx", ".pt2", ".npz"])
def test_nonsense(content, suffix, tmp_path):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(nv.InputError):
        nv.load_network(tmp_path / f"a{suffix}")


def external(folder, location, **said):
    """An ONNX file whose matrix lies in another file."""
    tensor = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [1, 2], [1.0, 2.0])
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **said}.items():
        tensor.external_data.add(key=key, value=str(value))
    values = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["n", k]) for n, k in (("x", 2), ("y", 1))]
    node = onnx.helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], values[1:], [tensor]))
    (folder / "a.onnx").write_bytes(model.SerializeToString())
    return folder / "a.onnx"


def test_external_weights_stay_in_the_folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    data = np.array([3.0, 4.0], dtype=np.float32).tobytes()
    (folder / "w.bin").write_bytes(data)
    (tmp_path / "secret.bin").write_bytes(data)
    assert nv.load_network(external(folder, "w.bin")).evaluate([[1.0, 1.0]])[0, 0] == 7
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    for location in ("../secret.bin", str(tmp_path / "secret.bin"), "link.bin", "absent.bin", ""):
        with pytest.raises(nv.InputError, match="not a file in its own folder"):
            nv.load_network(external(folder, location))
    (folder / "w.bin").write_bytes(b"123")
    with pytest.raises(nv.InputError, match="cannot be read"):
        nv.load_network(external(folder, "w.bin"))


def test_external_sizes_are_those_beside_the_model(tmp_path, monkeypatch):
    """A file of that name in the folder of the process is another model's, and says nothing of how large a value is."""
    folder = tmp_path / "model"
    folder.mkdir()
    path = external(folder, "w.bin")
    model = onnx.load(path, load_external_data=False)
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.append(2)
    model.graph.initializer[0].data_type = onnx.TensorProto.INT64
    del model.graph.node[:]
    model.graph.node.append(onnx.helper.make_node("Expand", ["x", "w"], ["y"]))
    path.write_bytes(model.SerializeToString())
    monkeypatch.chdir(tmp_path)
    for beside, elsewhere in ((1, 10**9), (10**9, 1)):
        np.array([beside, 2]).tofile(folder / "w.bin")
        np.array([elsewhere, 2]).tofile(tmp_path / "w.bin")
        if beside == 1:
            assert nv.load_network(path).input_shape == (2,)
        else:
            with pytest.raises(nv.InputError, match="2,000,000,000 entries, more than the limit"):
                nv.load_network(path)


def test_no_more_is_taken_from_an_external_file_than_an_array_has(tmp_path):
    """A file of gigabytes, which takes no room, is not read for two numbers."""
    with (tmp_path / "w.bin").open("wb") as f:
        f.write(np.array([3.0, 4.0], dtype=np.float32).tobytes())
        f.truncate(2**36)
    with pytest.raises(nv.InputError, match="takes 68,719,476,736 bytes"):
        nv.load_network(external(tmp_path, "w.bin"))
    for wrong in ({"offset": 2**40, "length": 8}, {"offset": -8, "length": 8}, {"length": "1e99"}, {"length": -8}):
        with pytest.raises(nv.InputError):
            nv.load_network(external(tmp_path, "w.bin", **wrong))
    assert nv.load_network(external(tmp_path, "w.bin", length=8)).evaluate([[1.0, 1.0]])[0, 0] == 7


def test_stored_values_of_inputs_are_named(tmp_path):
    """From version 4 of the format whoever runs the file may give others; before it all stored arrays are listed."""
    values = [
        onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, k) for n, k in (("x", ["n", 2]), ("w", [2, 3]), ("y", ["n", 3]))
    ]
    tensor = onnx.numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "w")
    graph = onnx.helper.make_graph([onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "g", values[:2], values[2:], [tensor])
    for version, said in ((3, "a.onnx"), (8, "a.onnx at the stored values of its inputs w")):
        model = onnx.helper.make_model(graph, ir_version=version, opset_imports=[onnx.helper.make_opsetid("", 8)])
        onnx.save(model, tmp_path / "a.onnx")
        assert nv.load_network(tmp_path / "a.onnx").source == said


def test_the_example_networks_are_equal_functions():
    """Two trained networks, one with planted redundancy: equal over Q at random points, different sizes."""
    plain, redundant = (nv.load_network(examples.path(f"{n}.onnx")) for n in ("penguins", "penguins_redundant"))
    assert (plain.parameters, redundant.parameters) == (57, 86)
    x = np.random.default_rng(5).integers(-50, 51, size=(20, 2))
    assert np.array_equal(plain.evaluate_exact(x), redundant.evaluate_exact(x))
    assert len(set(plain.evaluate_exact(x)[:, 0])) > 1


def test_optional_packages_are_asked_for_in_a_sentence(monkeypatch):
    network = nv.load_network(examples.path("penguins.onnx"))
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(nv.InputError, match=r"needs the package onnx: pip install .neurovariety\[checkpoints\]"):
        nv.load_network(examples.path("penguins.onnx"))
    with pytest.raises(nv.InputError, match="needs the package torch"):
        nv.to_torch(network)


def test_pt2_needs_no_torch(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert nv.load_network(exported).parameters == 3
