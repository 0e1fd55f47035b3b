"""Three hundred files that are damaged, odd or bombs: each is read, or refused in one sentence, within seconds and a gigabyte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety import examples

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")
from onnx import helper  # noqa: E402

PLAIN = "mlp(2,3,1; x^2)"
WORKER = """
import json, resource, sys, time
from pathlib import Path
import neurovariety as nv
import onnx, onnxruntime
files = [Path(line) for line in sys.stdin.read().splitlines()]
try:
    nv.prune(files[0])
except nv.InputError:
    pass
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for file in files:
    start, said = time.process_time(), "read"
    try:
        nv.prune(file, architecture=sys.argv[1] if "plain" in file.name or file.suffix == ".safetensors" else None)
    except nv.NeurovarietyError as error:
        said = f"refused: {error}"
    except BaseException as error:
        said = f"TRACEBACK {type(error).__name__}: {error}"
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([file.name, said, time.process_time() - start, (most - before) / 1024]), flush=True)
"""
SECONDS, MEGABYTES = 30, 1024
"""Processor seconds a file may take (measured: below 5), and memory beyond what the libraries take."""


def good(folder):
    """Small files of every kind that is read."""
    rng = np.random.default_rng(0)
    arrays = {"w1": rng.normal(size=(3, 2)), "w2": rng.normal(size=(1, 3))}
    nv.write_network(nv.load_network(arrays, architecture=PLAIN), folder / "a.npz")
    np.savez(folder / "plain.npz", **arrays)
    header, data = {}, b""
    for name, values in arrays.items():
        header[name] = {"dtype": "F64", "shape": list(values.shape), "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    (folder / "a.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    torch.export.save(torch.export.export(module, (torch.zeros(3, 2),)), folder / "a.pt2")
    found = onnx.load(examples.path("penguins.onnx"))
    found.graph.node.append(helper.make_node("Softmax", [found.graph.output[0].name], ["p"]))
    found.graph.output[0].name = "p"
    (folder / "parts.onnx").write_bytes(found.SerializeToString())
    (folder / "whole.onnx").write_bytes(Path(examples.path("penguins_redundant.onnx")).read_bytes())
    return sorted(p.name for p in folder.iterdir())


def damaged(data, rng):
    """The bytes cut, turned, repeated, mixed or filled."""
    form, out = int(rng.integers(0, 8)), bytearray(data)
    at = int(rng.integers(0, max(len(out), 1)))
    if form == 0:
        return bytes(out[:at])
    if form in (1, 2):
        for k in rng.integers(0, len(out), size=int(rng.integers(1, 9))):
            out[k] ^= 1 << int(rng.integers(0, 8))
    elif form == 3:
        out[at : at + int(rng.integers(1, 64))] = rng.bytes(int(rng.integers(0, 64)))
    elif form == 4:
        out[at:at] = out[: int(rng.integers(0, len(out)))]
    elif form == 5:
        out[at : at + 8] = bytes([0xFF] * 8)
    elif form == 6:
        del out[at : at + int(rng.integers(1, 200))]
    else:
        out[at : at + 4] = int(rng.integers(0, 2**31)).to_bytes(4, "little")
    return bytes(out)


def another(text, rng):
    """JSON in which a number, a name, a list or an object is something else."""
    tree, places = json.loads(text), []

    def walk(at):
        for key, value in list(at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()):
            places.append((at, key))
            walk(value)

    walk(tree)
    if not places:
        return text
    at, key = places[int(rng.integers(len(places)))]
    odd = (
        0,
        -1,
        2**63,
        1e308,
        "",
        None,
        [],
        {},
        "relu",
        [0] * 4,
        True,
        float("nan"),
        {"q": "1e999999999"},
        "9" * 5000,
        {"as_int": 10**9},
    )
    at[key] = odd[int(rng.integers(len(odd)))]
    return json.dumps(tree).encode()


def rewritten(data, rng):
    """A zip archive with one entry changed and its checksums right: its JSON where it has some."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        chosen = old.namelist()[int(rng.integers(len(old.namelist())))]
        for name in old.namelist():
            entry = old.read(name)
            if name == chosen and entry:
                entry = another(entry, rng) if name.endswith(".json") else damaged(entry, rng)
            new.writestr(name, entry)
    return out.getvalue()


def other_graph(data, rng):
    """A network of our own in which the graph is another."""
    with np.load(BytesIO(data)) as found:
        arrays = dict(found)
    arrays["__network__"] = np.asarray(another(str(arrays["__network__"]), rng).decode())
    out = BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def other_message(data, rng):
    """An ONNX file whose message is well formed and says something else."""
    model = onnx.load_from_string(data)
    graph = model.graph
    node, tensor = graph.node[int(rng.integers(len(graph.node)))], graph.initializer[int(rng.integers(len(graph.initializer)))]
    form = int(rng.integers(0, 9))
    if form == 0:
        node.op_type = str(rng.choice(["Relu", "Conv", "Gemm", "Loop", "Resize", "Einsum", "Tile", "Nothing", "BatchNormalization"]))
    elif form == 1:
        tensor.dims[:] = [int(n) for n in rng.choice([0, 1, 3, 2**31, -1, 2**40], size=2)]
    elif form == 2:
        tensor.data_type = int(rng.integers(0, 30))
    elif form == 3:
        node.input[int(rng.integers(len(node.input)))] = str(rng.choice(["", "x", *node.output, *graph.node[0].input]))
    elif form == 4:
        model.opset_import[0].version = int(rng.choice([0, 1, 5, 99, -3]))
    elif form == 5:
        graph.input[0].type.tensor_type.shape.dim[-1].dim_value = int(rng.choice([0, 1, 10**6, 2**40, -5]))
    elif form == 6:
        node.attribute.append(helper.make_attribute(str(rng.choice(["axis", "alpha", "perm", "to"])), int(rng.integers(-9, 99))))
    elif form == 7:
        del graph.node[int(rng.integers(len(graph.node)))]
    else:
        tensor.raw_data = np.full(len(tensor.raw_data) // 4, np.float32(rng.choice([np.nan, np.inf, 1e38, 1e-45]))).tobytes()
    return model.SerializeToString()


def zeros(entries):
    """A zip archive of a few kilobytes whose last entry unpacks to three gigabytes of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = packer.compress(bytes(2**22)) + packer.flush(zlib.Z_FULL_FLUSH)
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in entries.items():
            z.writestr(name, data)
        last = z.infolist()[-1]
        begin = last.header_offset + 30 + len(last.filename)
        packed = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = packed.compress(entries[last.filename]) + packed.flush(zlib.Z_FULL_FLUSH) + once * 768 + b"\x03\x00"
        z.fp.seek(begin)
        z.fp.write(body)
        z.start_dir = begin + len(body)
        last.compress_size, last.file_size = len(body), len(entries[last.filename]) + 768 * 2**22
        z.fp.seek(last.header_offset)
        z.fp.write(last.FileHeader(zip64=False))
        z.fp.seek(z.start_dir)
        z._didModify = True
    return out.getvalue()


def bombs(folder):
    """Small files that ask for much, or for ever."""

    def graph(name, nodes, arrays=(), inputs=("n", 4)):
        stored = [onnx.numpy_helper.from_array(np.asarray(v), k) for k, v in dict(arrays).items()]
        ends = helper.make_tensor_value_info("x", 1, list(inputs)), helper.make_tensor_value_info("y", 1, None)
        made = helper.make_graph(nodes, "g", [ends[0]], [ends[1]], stored)
        (folder / name).write_bytes(
            helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
        )

    start = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (402653184,), }".ljust(117) + b"\n"
    (folder / "zeros plain.npz").write_bytes(zeros({"w1.npy": start}))
    (folder / "zeros.pt2").write_bytes(zeros({"a/archive_format": b"pt2", "a/models/model.json": b"["}))
    (folder / "deep.safetensors").write_bytes((200_000).to_bytes(8, "little") + b"[" * 200_000)
    (folder / "long.safetensors").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    graph(
        "squares.onnx", [helper.make_node("Mul", [f"m{k}" if k else "x"] * 2, [f"m{k + 1}" if k < 4999 else "y"]) for k in range(5000)]
    )
    graph("circle.onnx", [helper.make_node("Add", ["x", "y"], ["h"]), helper.make_node("Relu", ["h"], ["y"])])
    graph("wide.onnx", [helper.make_node("Gemm", ["x", "w"], ["y"])], {"w": np.ones((4, 3), np.float32)}, ("n", 2**33))
    inner = helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], "b", [], [helper.make_tensor_value_info("z", 1, None)])
    for k in range(20):
        node = helper.make_node("If", ["c"], ["z"], then_branch=inner, else_branch=inner if k < 12 else None)
        inner = helper.make_graph([node], f"b{k}", [], [helper.make_tensor_value_info("z", 1, None)])
    graph("branches.onnx", [helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)], {"c": np.array(True)})
    return sorted(p.name for p in folder.iterdir())


def written(folder, count, with_bombs=True):
    """That many damaged files, beside the bombs."""
    (source := folder / "good").mkdir()
    (out := folder / "bad").mkdir()
    names = good(source)
    if with_bombs:
        bombs(out)
    for k in range(count):
        name, rng = names[k % len(names)], np.random.default_rng(k)
        data, suffix = (source / name).read_bytes(), Path(name).suffix
        ways = {".npz": [damaged, rewritten, other_graph], ".pt2": [damaged, rewritten, rewritten], ".onnx": [damaged, other_message]}
        way = ways.get(suffix, [damaged])[k // len(names) % len(ways.get(suffix, [damaged]))]
        way = damaged if way is other_graph and "plain" in name else way
        (out / f"{k} {name}").write_bytes(way(data, rng))
    return [source / "whole.onnx", *sorted(out.iterdir())]


def said_of(file):
    """What is said of a file, in this process."""
    try:
        nv.load_network(file, architecture=PLAIN if "plain" in file.name or file.suffix == ".safetensors" else None)
    except nv.InputError as error:
        return str(error)
    return "read"


def test_a_few_damaged_files(tmp_path):
    told = [said_of(file) for file in written(tmp_path, 28, with_bombs=False)]
    assert all(4 <= len(said) < 600 for said in told), told
    assert not any("\n" in said for said in told), told
    assert {"read"} < set(told)


def test_each_ends_in_reading_or_in_a_sentence(tmp_path):
    files = written(tmp_path, size(300, 3000))
    done = subprocess.run(
        [sys.executable, "-c", WORKER, PLAIN],
        input="\n".join(map(str, files)),
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=None,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(files), (files[len(told)].name, done.stderr[-500:])
    wrong = [t for t in told if t[1].startswith("TRACEBACK") or "\n" in t[1] or len(t[1]) > 600 or t[2] > SECONDS or t[3] > MEGABYTES]
    assert not wrong, wrong[:5]
    assert sum(t[1] == "read" for t in told) > 3
    assert sum(t[1].startswith("refused") for t in told) > len(told) / 3
