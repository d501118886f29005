"""Why a text is no YAML, in the words of this program, with what is right.

PyYAML's scanner, parser, composer and reader raise errors with a context and a problem, each with a
place in the text. Their sentences are recognised here and never shown.
"""

from __future__ import annotations

import re

import yaml

from orchestrator.yaml_files.mistakes import Mark

_QUOTED = re.compile(r"'([^']*)'")
_OTHERWISE = (
    "the text cannot be understood from here on: look here and on the line before for a missing "
    "quote, bracket or colon, or other indentation than above; keys are written like 'name: value'"
)
NO_CHARACTER = 'an escape here is of a character that there is not: the last one is "\\U0010ffff"'
OPEN_BRACE = "a brace that is not closed on its line, like 'digits:{0..9}'"
_ONE_DOCUMENT = (
    "a file has one document: remove '---' or '...' and what follows, or put that in a file of its "
    "own, like 'other.yaml'"
)
_DIRECTIVE = (
    "a line that starts with '%' is a directive, which has no meaning here: remove it, or put text "
    "that starts with '%' in quotes, like '\"%a\"'"
)
_ENDED = (
    "this follows a value that has ended: put the whole value in quotes, in which a ' is written "
    "twice, like 'it''s'"
)
_KEY = "write one 'key: value' a line, keys of one mapping in one column"


def what_is_wrong(error: yaml.MarkedYAMLError, text: str) -> tuple[Mark, str]:
    """Where the mistake is, which may be where something began that never ends, and the words."""
    problem, context = error.problem or "", error.context or ""
    at, begun = error.problem_mark or error.context_mark, error.context_mark
    line = _line(text, at)
    if "end of stream" in problem and "quoted scalar" in context:
        quote = '"' if begun is not None and _line(text, begun)[begun.column :][:1] == '"' else "'"
        said = f"the quote {quote} that starts here is never closed, like {quote}text{quote}"
        return _mark(begun), said
    if "flow sequence" in context or "flow mapping" in context:
        return _brackets(error, problem, context)
    if "<document start>" in problem:
        if line.startswith(("---", "...")):
            return _mark(at), _ONE_DOCUMENT
        return _mark(at), _DIRECTIVE if text.lstrip().startswith("%") else _ENDED
    if "<stream end>" in problem:
        return _mark(at), "the file ends where a value is wanted, like the 1 of 'schema: 1'"
    for pattern, words in _SCANNED:
        if pattern.search(f"{context}: {problem}"):
            return _mark(at), words
    if "mapping values are not allowed" in problem and at is not None:
        return _colon(text, at)
    if "cannot start any token" in problem:
        return _mark(at), _strange_start(line[at.column :][:1] if at is not None else "")
    if "could not find expected ':'" in problem:
        begin = begun or at
        word = _line(text, begin)[begin.column :].strip() if begin is not None else ""
        said = f"'{word[:40]}' has no colon after it: a key is written like 'name: value'"
        return _mark(begin), said
    if "block" in context and "<block end>" in problem:
        return _mark(at), _indentation(line, at, context)
    found = _QUOTED.search(problem)
    name = found[1] if found else ""
    if "undefined alias" in problem:
        return _mark(
            at
        ), f"'*{name}' names nothing: '&{name}' has to stand before it, like '&{name} [1, 2]'"
    if "duplicate anchor" in context or "duplicate anchor" in problem:
        named = _QUOTED.search(context or problem)
        return _mark(
            at
        ), f"'&{named[1] if named else name}' is given twice: give each a name of its own"
    return _mark(at), _OTHERWISE


_SCANNED = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (
            "sequence entries are not allowed",
            (
                "a list cannot start with '- ' here: start it on a line of its own below its "
                "key, or write it like 'threads: [1, 2]'"
            ),
        ),
        (
            "mapping keys are not allowed",
            (
                "'? ' starts a key here: a key is written like 'name: value'; put text that starts "
                "with '?' in quotes"
            ),
        ),
        (
            "scanning an? (alias|anchor)|scanning an alias|scanning an anchor",
            (
                "'*' and '&' start the name of an anchor: put text that starts with one in quotes, "
                "like '\"*.npy\"'"
            ),
        ),
        (
            "(parsing|scanning) a tag|undefined tag handle|URI|tag handle",
            (
                "'!' starts a tag, which experiment files have none of: put text that starts "
                "with '!' in quotes, like '\"!text\"'"
            ),
        ),
        ("directive|incompatible YAML document", _DIRECTIVE),
        (
            "another document|document separator",
            _ONE_DOCUMENT,
        ),
        (
            "escape (sequence|character)",
            (
                'a backslash in "double quotes" starts an escape that there is not: write it '
                "twice, like \"C:\\\\models\", or use 'single quotes'"
            ),
        ),
        (
            "block scalar",
            (
                "'|' and '>' start text of several lines: nothing but a comment follows them on "
                "their line, and the text is indented below; put text that starts with one in "
                "quotes, like '\"|\"'"
            ),
        ),
        (re.escape(OPEN_BRACE), OPEN_BRACE),
        (
            "expected the node content",
            (
                "a value is missing, or starts with a character that has another meaning: put it "
                "in quotes, like 'label: \"- a\"'"
            ),
        ),
    )
)


def unreadable(error: yaml.reader.ReaderError, text: str) -> tuple[Mark, str]:
    """A character that no YAML file may have, and its place."""
    position = int(error.position)
    before = text[:position]
    line = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1) + 1
    code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1])
    name = {0: "NUL", 7: "BEL", 8: "backspace", 27: "escape", 127: "delete"}.get(code)
    called = f"the character U+{code:04X}{f' ({name})' if name else ''}"
    said = f"{called} stands here, which no YAML file may have: remove it, or write it as an escape"
    return Mark(line, column), f'{said}, like "\\u{code:04x}"'


def _brackets(error: yaml.MarkedYAMLError, problem: str, context: str) -> tuple[Mark, str]:
    opened, closed, example = (
        ("[", "]", "[1, 2]") if "sequence" in context else ("{", "}", "{cpu: 3, gpu: 33}")
    )
    at, begun = error.problem_mark, error.context_mark
    line = begun.line + 1 if begun is not None else 1
    if "<stream end>" in problem or (at is not None and begun is not None and at.line > begun.line):
        said = f"the '{opened}' that starts here is never closed by '{closed}', like '{example}'"
        return _mark(begun), said
    said = (
        f"a ',' or the '{closed}' of the '{opened}' on line {line} is missing before this, like "
        f"'{example}'"
    )
    return _mark(at), said


def _colon(text: str, at: yaml.Mark) -> tuple[Mark, str]:
    """A ': ' where no key can be: the second of its line, or that of a key in a wrong column."""
    before = _line(text, at)[: at.column]
    indent = len(before) - len(before.lstrip(" -"))
    if ": " in before:
        said = f"a second ': ' on one line: {_KEY}, and text that has ': ' in quotes"
        return _mark(at), f"{said}, like 'a: \"b: c\"'"
    above = [line for line in text.split("\n")[: at.line] if line.strip()]
    place = Mark(at.line + 1, indent + 1)
    if above and ":" not in above[-1]:
        word = above[-1].strip()
        return (
            place,
            f"the line above, '{word[:40]}', has no colon: a key is written like 'name: value'",
        )
    words = (
        "this key is indented deeper than the one above, which has a value already: write both in "
        "one column, or the value of the one above below it, like 'vary:' and '  threads: [1, 2]'"
    )
    return place, words


def _strange_start(character: str) -> str:
    if character == "\t":
        return (
            "a tab stands here: indent with spaces, like '  layers: true'; "
            "tabs may only follow a value"
        )
    return (
        f"a value cannot start with '{character}': put it in quotes, like "
        f"'label: \"{character}text\"'"
    )


def _indentation(line: str, at: yaml.Mark | None, context: str) -> str:
    rest = line[at.column :] if at is not None else ""
    if rest[:1] in "]}":
        return f"this '{rest[:1]}' closes nothing: remove it, or open it, like '[1, 2]'"
    if at is not None and line[: at.column].strip(" -"):
        return _ENDED
    if rest[:1] == "-" and "mapping" in context:
        return (
            "this '- ' is in the column of no list above: items of a list start in one column, "
            "below its key, like 'inputs:' and '  - images: [digits:0]' on the next line"
        )
    if "collection" in context:
        return (
            "this is no item of the list above: items start with '- ' in one column, and what "
            "belongs to one is indented deeper than its '-', like '- model: x' and '  on: numpy'"
        )
    return f"this is not in the column of the keys above: {_KEY}, like 'a: 1' above 'b: 2'"


def _line(text: str, mark: yaml.Mark | None) -> str:
    lines = text.split("\n") if mark is not None else []
    return lines[mark.line] if mark is not None and mark.line < len(lines) else ""


def _mark(mark: yaml.Mark | None) -> Mark:
    return Mark(1, 1) if mark is None else Mark(mark.line + 1, mark.column + 1)
