"""The worlds of the split `test`: decided by a file that whoever keeps the truth keeps to themselves.

The first seed follows from the file and from the benchmark's title, so that each version asks about other worlds. It
lies beyond all seeds that recordings draw. What leaves the house names no seed: twins of a secret split are numbered,
and what is published of the file is its digest, by which it can be shown later that it was not changed.
"""

import hashlib
from pathlib import Path

from worldsim_benchmarks.benchmark import SPLITS, Benchmark, title

LEAST = 16
"""Bytes of a secret: fewer could be found by trying."""
BEYOND = 2**48
"""Seeds from here on are drawn by nobody else."""


def whole(split: str, secret: str | Path | None, benchmark: Benchmark) -> str:
    """A split as benchmarks take it: `test` with its first seed, the others by their names.

    Args:
        split: A name on the command line.
        secret: The file that decides the split `test`.
        benchmark: Whose split.

    Raises:
        FileNotFoundError: Where there is no such file.
        ValueError: Where there is no such split, or no secret for `test`, or it is too short.
    """
    if split != "test":
        try:
            SPLITS[split.replace(":", "")]  # a first seed is for a secret to say
        except KeyError as error:
            there = f"{', '.join(SPLITS)}, test, and of the first two a part such as dev-60"
            raise ValueError(f"there is no split {split!r}; there are: {there}") from error
        return split
    if secret is None:
        raise ValueError(
            "the worlds of the split 'test' follow from a secret, which came with no --secret FILE; "
            "`head -c 32 /dev/urandom > FILE` makes one, and `worldsim export` what others are asked"
        )
    drawn = hashlib.sha256(_content(secret) + title(benchmark).encode()).digest()
    return f"test:{BEYOND + int.from_bytes(drawn[:5], 'big') * 4096}"


def commitment(secret: str | Path | None) -> str | None:
    """The digest of a secret file; None of none."""
    return None if secret is None else hashlib.sha256(b"worldsim secret" + _content(secret)).hexdigest()


def _content(secret: str | Path) -> bytes:
    if not Path(secret).is_file():
        raise FileNotFoundError(f"there is no secret {secret}; `head -c 32 /dev/urandom > {secret}` makes one")
    content = Path(secret).read_bytes()
    if len(content) < LEAST:
        raise ValueError(f"the secret {secret} has {len(content)} bytes; {LEAST} are the least")
    return content
