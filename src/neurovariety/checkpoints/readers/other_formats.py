"""Files that are not read, each with the way by which its network can be: what they are is told by their names, none is opened."""

from __future__ import annotations

from pathlib import Path

READ = ".onnx, .pt2, .npz, .safetensors or .json"
_PICKLE = (
    "may be a pickle, which can run any code when opened, and is not read; save the module with torch.export.save (.pt2) or to ONNX, "
    "or load its weights yourself with torch.load(..., weights_only=True) and give them with architecture="
)
_KERAS = "is a model of Keras; write it with model.export('model.onnx', format='onnx'), or with tf2onnx, and read the .onnx file"
_TENSORFLOW = "is a model of TensorFlow; convert it: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx"
_TORCHSCRIPT = "is a program of TorchScript; export the module that it was made of with torch.export.save (.pt2) or to ONNX"
_HINTS = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib", ".dill"), _PICKLE),
    **dict.fromkeys((".ptl", ".torchscript", ".jit"), _TORCHSCRIPT),
    ".npy": "holds one array, which may be pickled; write the arrays of a network with numpy.savez (.npz)",
    **dict.fromkeys((".keras", ".h5", ".hdf5"), _KERAS),
    ".pb": _TENSORFLOW,
    ".tflite": "is a model of TensorFlow Lite; convert it: python -m tf2onnx.convert --tflite model.tflite --output model.onnx",
    ".gguf": (
        "holds quantized weights for llama.cpp without a graph; take the model that it was made from (safetensors) through its torch "
        "module, or export that to ONNX"
    ),
    ".ggml": "holds quantized weights without a graph; take the model that it was made from, and export that to ONNX",
    **dict.fromkeys((".pdmodel", ".pdiparams"), "is a model of Paddle; convert it with paddle2onnx and read the .onnx file"),
    **dict.fromkeys((".mlmodel", ".mlpackage"), "is a model of Core ML; export the module that it was made of to ONNX"),
    **dict.fromkeys(
        (".engine", ".plan", ".trt"), "is an engine of TensorRT for one device; read the .onnx file that it was built from"
    ),
    ".msgpack": "holds weights of Flax; load them with flax.serialization and give the module, or the arrays with architecture=",
    ".ort": "is a model in the format of onnxruntime; read the .onnx file that it was converted from",
}
_LFS = b"version https://git-lfs"
"""How the stand-in begins that Git LFS leaves where a large file was not fetched."""


def not_read(path: Path) -> str:
    """Why there is no network in a path that is no file of a kind that is read, and what to do; one sentence without its name."""
    if path.is_dir():
        return _folder(path)
    return _HINTS.get(path.suffix.lower(), f"has an unknown kind; a network is read from {READ}")


def _folder(path: Path) -> str:
    """A folder of a Hugging Face model, of TensorFlow, or any other."""
    inside = {p.name for p in path.iterdir()} if path.is_dir() else set()
    files = sorted(n for n in inside if n.endswith(".onnx")) or sorted(f"onnx/{p.name}" for p in (path / "onnx").glob("*.onnx"))
    if files:
        return f"is a folder; give the file in it, {path / files[0]}"
    if "saved_model.pb" in inside:
        return f"is a SavedModel folder; it {_TENSORFLOW}"
    if "config.json" in inside:
        return (
            "is a folder of weights that says its architecture only by name; export the model to ONNX (optimum-cli export onnx --model "
            "FOLDER OUT), or load it with transformers and give the module"
        )
    return f"is a folder; give a file, {READ}"


def stand_in(path: Path) -> bool:
    """Whether a small text of Git LFS stands where the file should be."""
    with path.open("rb") as f:
        return f.read(len(_LFS)) == _LFS
