from __future__ import annotations

import pytest

from orchestrator.errors import UsageError
from orchestrator.store.bucket.objects import Objects, is_url


@pytest.mark.parametrize("url", ["http://example.org/x", "s3://", "s3:///prefix", "ftp://bucket/x"])
def test_urls_of_anything_else_are_bad_use(url: str) -> None:
    assert is_url(url)
    with pytest.raises(UsageError, match="s3://BUCKET/PREFIX"):
        Objects(url)


@pytest.mark.parametrize("path", ["results", "./s3:/x", "/tmp/a:b//c", "C:\\results"])
def test_folders_are_no_urls(path: str) -> None:
    assert not is_url(path)
