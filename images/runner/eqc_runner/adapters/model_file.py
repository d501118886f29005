"""A model's file or folder in the job, and what messages call it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, NamedTuple


class ModelFile(NamedTuple):
    """The job calls a file by its content's hash: messages call it as the experiment does."""

    path: Path
    name: str

    @classmethod
    def of(cls, workload: Mapping[str, Any], job_dir: Path) -> ModelFile:
        """The file of a workload; its last part is the name."""
        path = Path(job_dir) / workload["path"]
        return cls(path, Path(workload.get("name") or path).name)

    def said(self, error: BaseException) -> str:
        """The first line of a library's error, with the file's name in place of its path."""
        return first_line(error).replace(str(self.path), self.name)


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, or its class."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
