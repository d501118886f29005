"""The columnar cache of a run: its observations as Parquet, so that they need not be parsed.

``<run>/cache/`` may be deleted at any time. ``key.json``, written last, says of which contents of
which files the columns were made, and what the column files contain; nothing is used unless all
of it agrees, by BLAKE3. Why contents and not times: docs/adr/0007-columnar-cache.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from orchestrator.errors import EqcError
from orchestrator.results.outputs import Content, OutputPool
from orchestrator.store.columns import ABSENT, Column, Columns
from orchestrator.system.files import write_whole

FORMAT = 1
"""To be raised whenever other columns would be made of the same lines."""

Digests = Mapping[str, str]
"""BLAKE3 in hex by the name of the observation file."""

_KEY, _ROWS, _CONTENTS = "key.json", "rows.parquet", "contents.parquet"
_OF_RECORD = "key:"
"""What the names of the columns begin with that hold a key of the records."""


def load(run: Path, digests: Callable[[], Digests]) -> Columns | None:
    """The columns of ``run``, or ``None`` where there are none to be trusted.

    ``digests`` gives those of all observation files as they are now; it is only called where
    there is something to compare them with.
    """
    folder = run / "cache"
    try:
        key = json.loads((folder / _KEY).read_bytes())
        if key["format"] != FORMAT or key["observations"] != digests():
            return None
        digest = key["columns"]
        rows, contents = (_table(folder / name, digest[name]) for name in (_ROWS, _CONTENTS))
    except (OSError, KeyError, TypeError, ValueError):
        return None
    return None if rows is None or contents is None else _columns(rows, contents)


def save(run: Path, columns: Columns, digests: Digests) -> None:
    """Write the cache of ``run``; a store that cannot be written to has none.

    ``digests`` are those of the files that ``columns`` were read from, as they were then.
    """
    folder = run / "cache"
    try:
        files = {_ROWS: _parquet(_rows(columns)), _CONTENTS: _parquet(_contents(columns.pool))}
        for name, content in files.items():
            write_whole(folder / name, content)
        made = {name: blake3(content).hexdigest() for name, content in files.items()}
        key = {"format": FORMAT, "observations": dict(digests), "columns": made}
        write_whole(folder / _KEY, json.dumps(key).encode())
    except (EqcError, OSError, ValueError):
        # Read-only, full, or a text that is no Unicode: the lines are always there.
        return


def _rows(columns: Columns) -> pa.Table:
    starts = pa.array(np.concatenate([[0], columns.ends]))
    table = {
        "file": pa.array(columns.file),
        "line": pa.array(columns.line),
        "layout": pa.array(columns.layout),
        "contents": pa.LargeListArray.from_arrays(starts, pa.array(columns.contents)),
    }
    for name, column in columns.keys.items():
        codes = pa.array(column.codes, mask=column.codes == ABSENT)
        texts = pa.array(column.texts, pa.large_string())
        table[_OF_RECORD + name] = pa.DictionaryArray.from_arrays(codes, texts)
    about = {"layouts": json.dumps(columns.pool.layouts)}
    return pa.table(table).replace_schema_metadata(about)


def _contents(pool: OutputPool) -> pa.Table:
    """One row per distinct content; ``chain``: its links, 8 bytes each."""
    shapes = [json.dumps(content.shape) for content in pool.contents]
    return pa.table(
        {
            "digest": pa.array([content.digest for content in pool.contents], pa.large_string()),
            "dtype": pa.array([content.dtype for content in pool.contents], pa.large_string()),
            "shape": pa.array(shapes, pa.large_string()).dictionary_encode(),
            "chain": pa.array([content.links for content in pool.contents], pa.large_binary()),
        }
    )


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="none", row_group_size=max(table.num_rows, 1))
    return bytes(sink.getvalue())


def _table(path: Path, digest: str) -> pa.Table | None:
    content = path.read_bytes()
    if blake3(content).hexdigest() != digest:
        return None
    # One thread: starting more costs more than what a small run's columns take.
    return pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)


def _columns(rows: pa.Table, contents: pa.Table) -> Columns:
    about = rows.schema.metadata
    layouts = [tuple(map(tuple, layout)) for layout in json.loads(about[b"layouts"])]
    shapes = _column(contents["shape"])
    known = [tuple(json.loads(text)) for text in shapes.texts]
    pool = map(
        Content,
        contents["digest"].to_pylist(),
        contents["dtype"].to_pylist(),
        (known[code] for code in shapes.codes.tolist()),
        contents["chain"].to_pylist(),
    )
    lists = rows["contents"].combine_chunks()
    return Columns(
        file=rows["file"].to_numpy(),
        line=rows["line"].to_numpy(),
        keys={
            name.removeprefix(_OF_RECORD): _column(rows[name])
            for name in rows.column_names
            if name.startswith(_OF_RECORD)
        },
        pool=OutputPool(layouts, pool),
        layout=rows["layout"].to_numpy(),
        ends=lists.offsets.to_numpy()[1:],
        contents=lists.values.to_numpy(),
    )


def _column(values: Any) -> Column:
    one = values.num_chunks == 1
    whole = values.chunk(0) if one else values.unify_dictionaries().combine_chunks()
    codes = whole.indices.fill_null(ABSENT) if whole.null_count else whole.indices
    return Column(whole.dictionary.to_pylist(), codes.to_numpy())
