"""How large is what a zip archive unpacks to? A few kilobytes can claim terabytes."""

from __future__ import annotations

import zipfile

from neurovariety.errors import InputError

MOST_BYTES = 2**33
"""An archive that claims to unpack to more than 8 GiB is refused."""
_LARGE, _PACKED = 2**28, 16
"""Above this size an archive that claims more than so many times its own length is refused: weights are not packed so well."""


def check_sizes_of(archive: zipfile.ZipFile, length: int, shown: str) -> None:
    """Raises `InputError` for an archive of ``length`` bytes that unpacks to more than can be meant."""
    claimed = sum(i.file_size for i in archive.infolist())
    if claimed > MOST_BYTES or (claimed > _LARGE and claimed > _PACKED * length):
        size = f"{claimed / 2**30:,.1f} GiB" if claimed >= 2**30 else f"{claimed / 2**20:,.0f} MiB"
        raise InputError(f"{shown} is {length:,} bytes long and claims to unpack to {size}; such an archive is refused")
