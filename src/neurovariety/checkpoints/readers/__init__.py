"""Files and objects read as a network: ONNX, torch, JAX, plain weights, the library's own format."""
