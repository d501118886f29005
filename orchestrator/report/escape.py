"""Escaping for each format: names come from users and machines and may be hostile."""

from __future__ import annotations

import re
import unicodedata

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-!|~$&@:.])")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "\0": "{}",
    "\N{EN DASH}": "--",
    "·": r"\textperiodcentered{}",
}
_LIGATURES = re.compile("(?<=-)-|(?<=,),")
"""The second character of a pair that pdfLaTeX joins: ``--`` to a dash, ``,,`` to a quotation mark.
"""
_NO_GLYPH = frozenset("\u0126\u0127\u0138\u013f\u0140\u0149\u0166\u0167\u017f")
"""Latin letters that the T1 encoding lacks: pdfLaTeX fails on them."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def plain(text: str) -> str:
    """One line for a terminal or a log; control characters and those that reorder text are written
    as escapes such as ``\\x1b``."""
    return "".join(_visible(character) for character in text)


def markdown(text: str) -> str:
    """Text for a Markdown table cell or paragraph; nothing in it becomes markup or a link."""
    return _MARKDOWN.sub(r"\\\1", plain(text)).replace("\\.", ".").replace("\\-", "-")


def latex(text: str) -> str:
    """Text for LaTeX; characters for which pdfLaTeX has no glyph become ``?``."""
    apart = _LIGATURES.sub(lambda found: "\0" + found[0], plain(text))
    return "".join(_LATEX.get(character, _latin(character)) for character in apart)


def csv_cell(text: str) -> str:
    """A cell that a spreadsheet does not run as a formula, without control characters."""
    return plain(f"'{text}" if text.startswith(_FORMULA) else text)


def figure(text: str) -> str:
    """A label for a Plotly figure, escaped: Plotly reads ``<b>`` or ``<a href=…>`` as markup."""
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _visible(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return character.encode("unicode_escape").decode("ascii")
    return character


def _latin(character: str) -> str:
    return character if ord(character) < 0x180 and character not in _NO_GLYPH else "?"
