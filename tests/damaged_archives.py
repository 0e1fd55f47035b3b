"""Archives that Python does not open, as bytes of those that it does."""

from __future__ import annotations


def marked(data: bytes, flag: int, method: int) -> bytes:
    """The archive with these flags (64: encrypted) and this way of compression in each entry of its list of files."""
    made = bytearray(data)
    for i in range(len(data)):
        if data[i : i + 4] == b"PK\x01\x02":
            made[i + 8 : i + 12] = flag.to_bytes(2, "little") + method.to_bytes(2, "little")
    return bytes(made)
