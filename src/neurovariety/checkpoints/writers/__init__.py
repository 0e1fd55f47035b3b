"""Networks written as ONNX and torch files."""
