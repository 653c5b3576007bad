"""Archives of NumPy arrays that others made: what they claim is compared with what they hold."""

import math
import zipfile
from typing import BinaryIO

import numpy as np


def check_archive(source: BinaryIO, limit: int) -> None:
    """Refuse an archive of arrays before anything of it is unpacked or believed.

    Parameters
    ----------
    source : binary file
        The archive.
    limit : int
        Bytes that its members may unpack to, together.

    Raises
    ------
    ValueError
        If they would take more, or an array claims another size than its member has, or text that
        is none.
    zipfile.BadZipFile
        If it is no archive.
    """
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > limit:
            raise ValueError(f"it unpacks to {total:,} bytes, {limit:,} are the limit")
        for member in members:
            if member.filename.endswith(".npy"):
                _check_array(archive, member)


def _check_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    headers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in headers:
            raise ValueError(f"{member.filename} has version {version}")
        shape, _, dtype = headers[version](stream)
        start = stream.tell()
        codes = stream.read() if dtype.kind == "U" else b""
    # NumPy would make room for all that is claimed before it reads.
    if min(shape, default=0) < 0 or start + math.prod(shape) * dtype.itemsize != member.file_size:
        raise ValueError(f"{member.filename} claims {dtype} of shape {shape}, and holds another")
    # NumPy makes strings of numbers that are no characters, and these break whoever prints them.
    numbers = np.frombuffer(codes, np.dtype("u4").newbyteorder(dtype.byteorder))
    if ((numbers > 0x10FFFF) | (numbers >> 11 == 0x1B)).any():
        raise ValueError(f"{member.filename} holds text with characters that there are not")
