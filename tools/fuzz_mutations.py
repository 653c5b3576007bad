"""Changes of files at random: bits, bytes, integers, parts, also beneath checksums."""

import gzip
import io
import zipfile

import numpy as np

__all__ = ["mutate"]

#: Sizes that make programs believe in much, in nothing, or in less than nothing.
EXTREME = [0, 1, 2, 0x7F, 0x80, 0xFF, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40]
EXTREME += [2**60, 2**63 - 1, 2**63, 2**64 - 1]


def mutate(
    content: bytes, other: bytes, tokens: tuple[bytes, ...], rng: np.random.Generator
) -> bytes:
    """Change a file; it may be spliced with another, and get some of the tokens."""
    # What a checksum protects is changed beneath it, too.
    inside = rng.random() < 0.5
    if inside and content[:2] == b"\x1f\x8b":
        return gzip.compress(_changed(gzip.decompress(content), b"", tokens, rng), mtime=0)
    if inside and content[:2] == b"PK":
        return _repacked(content, tokens, rng)
    return _changed(content, other, tokens, rng)


def _repacked(content: bytes, tokens: tuple[bytes, ...], rng: np.random.Generator) -> bytes:
    image = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(image, "w") as new:
        members = old.namelist()
        wrong = members[rng.integers(len(members))]
        for member in members:
            inner = old.read(member)
            inner = _changed(inner, b"", tokens, rng) if member == wrong else inner
            method = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[int(rng.random() < 0.1)]
            new.writestr(zipfile.ZipInfo(member), inner, method)
    return image.getvalue()


def _changed(
    content: bytes, other: bytes, tokens: tuple[bytes, ...], rng: np.random.Generator
) -> bytes:
    kinds = [_flip, _fill, _integer, _cut, _double, _swap, _truncate]
    weights = np.array([4, 2, 4, 1, 1, 1, 1], dtype=float)
    changed = bytearray(content)
    for _ in range(min(rng.geometric(0.5), 8)):
        if tokens and rng.random() < 0.3:
            place = int(rng.integers(len(changed) + 1))
            changed[place:place] = tokens[rng.integers(len(tokens))]
        elif changed:
            kinds[rng.choice(len(kinds), p=weights / weights.sum())](changed, rng)
    if other and rng.random() < 0.1:
        place = int(rng.integers(len(other)))
        changed[place:] = other[place:]
    if rng.random() < 0.5:  # a length that is wrong is seen at once
        changed = changed[: len(content)].ljust(len(content), b"\0")
    return bytes(changed)


def _place(changed: bytearray, rng: np.random.Generator) -> int:
    """Draw a place, rather where there is something than among zeros."""
    for _ in range(20):
        place = int(rng.integers(len(changed)))
        if changed[place]:
            break
    return max(place - int(rng.integers(4)), 0)


def _span(changed: bytearray, rng: np.random.Generator) -> slice:
    first = _place(changed, rng)
    return slice(first, first + int(min(2 ** rng.uniform(0, 10), len(changed) - first)))


def _flip(changed: bytearray, rng: np.random.Generator) -> None:
    changed[_place(changed, rng)] ^= 1 << int(rng.integers(8))


def _fill(changed: bytearray, rng: np.random.Generator) -> None:
    where = _span(changed, rng)
    n = where.stop - where.start
    changed[where] = (bytes(n), b"\xff" * n, rng.bytes(n))[rng.integers(3)]


def _integer(changed: bytearray, rng: np.random.Generator) -> None:
    size = int(2 ** rng.integers(4))
    first = _place(changed, rng)
    if rng.random() < 0.7:  # where integers lie
        first -= first % size
    value = EXTREME[rng.integers(len(EXTREME))] % 2 ** (8 * size)
    order = ("little", "big")[rng.integers(2)]
    changed[first : first + size] = value.to_bytes(size, order)[: len(changed) - first]


def _cut(changed: bytearray, rng: np.random.Generator) -> None:
    del changed[_span(changed, rng)]


def _double(changed: bytearray, rng: np.random.Generator) -> None:
    where = _span(changed, rng)
    changed[where.start : where.start] = changed[where] * int(2 ** rng.uniform(0, 6))


def _swap(changed: bytearray, rng: np.random.Generator) -> None:
    one, two = sorted((_span(changed, rng), _span(changed, rng)), key=lambda part: part.start)
    if one.stop <= two.start:
        between = changed[one.stop : two.start]
        changed[one.start : two.stop] = changed[two] + between + changed[one]


def _truncate(changed: bytearray, rng: np.random.Generator) -> None:
    del changed[rng.integers(len(changed)) :]
