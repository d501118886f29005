"""Texts → tensors: of texts, or of whole numbers that stand for them by a stated rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.experiment.input_entry import Tokens
from orchestrator.yaml_files.files import FileMistake, find


def text_tensor(texts: Any) -> NDArray[np.str_]:
    """A text, shape (1,), or evenly nested lists of texts, as fixed-width Unicode (``<U…``).

    The width is that of the longest text, at least 1; none of them has a NUL, which would be lost.
    """
    return np.array([texts] if isinstance(texts, str) else texts, dtype=np.str_)


def token_tensor(entry: Tokens, folder: Path) -> NDArray[Any]:
    """A row of tokens for each text, or its mask: (texts, length). Raises FileMistake."""
    rows = [entry.before + ids + entry.after for ids in _tokens(entry, folder)]
    longest = max(len(row) for row in rows)
    length = longest if entry.length is None else entry.length
    if longest > length:
        raise FileMistake(
            f"a text is {longest} tokens long, and 'length' is {length}: shorten the text, or "
            "raise 'length'; nothing is cut off"
        )
    if entry.length is None and any(len(row) != length for row in rows):
        said = ", ".join(str(len(row)) for row in rows)
        raise FileMistake(f"these texts are {said} tokens long: give a 'length' to fill them up to")
    if length == 0:
        raise FileMistake("an empty text has no tokens: give a 'length'")
    if entry.give == "mask":
        rows = [[1] * len(row) + [0] * (length - len(row)) for row in rows]
    else:
        rows = [row + [entry.pad] * (length - len(row)) for row in rows]
    limits = np.iinfo(entry.dtype)
    for row in rows:
        for token in row:
            if not limits.min <= token <= limits.max:
                raise FileMistake(f"token {token} is no {entry.dtype}: choose another 'dtype'")
    return np.array(rows, dtype=entry.dtype)


def _tokens(entry: Tokens, folder: Path) -> list[list[int]]:
    if entry.by == "tokenizer":
        return _of_tokenizer(entry, folder)
    if entry.file is not None:
        raise FileMistake("'file' is that of 'by: tokenizer'")
    if entry.by == "bytes":
        return [[byte + entry.add for byte in text.encode()] for text in entry.text]
    return [[ord(character) + entry.add for character in text] for text in entry.text]


def _of_tokenizer(entry: Tokens, folder: Path) -> list[list[int]]:
    """As the file says, special tokens included; without its own padding and truncation."""
    if entry.file is None or entry.add:
        raise FileMistake(
            "'by: tokenizer' wants the 'file' it is in, like 'file: tokenizer.json', and no 'add'"
        )
    path = find(entry.file, folder)
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 - only experiments with such a file need it
    except ImportError as error:
        raise FileMistake(
            "reading a tokenizer needs the library tokenizers; try: pip install "
            "'eqc-orchestrator[tokenizers]'"
        ) from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise FileMistake(f"cannot read the tokenizer {path}: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return [list(tokenizer.encode(text).ids) for text in entry.text]
