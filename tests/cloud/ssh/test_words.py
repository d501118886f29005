"""The words of a command arrive unchanged: no shell interprets anything in them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.ssh.client import SshClient

pytestmark = pytest.mark.docker

# Any text, except NUL and surrogates, which cannot be in an argument of a program.
WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=40)
SHELLISH = st.text(st.sampled_from("$`\"'\\;&|<>(){}*?[]~#!% \t\n-=\x1b\x7f\r"), max_size=20)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.lists(WORD | SHELLISH, min_size=1, max_size=5))
def test_words_arrive_as_they_are(shell: SshClient, words: list[str]) -> None:
    done = shell.run(["printf", "%s\\0", *words])
    assert done.stdout.decode().split("\0")[:-1] == words


def test_a_zero_byte_or_no_word_at_all_is_refused_here(shell: SshClient) -> None:
    for argv in ([], ["echo", "a\0b"]):
        with pytest.raises(ValueError, match="no command"):
            shell.run(argv)
