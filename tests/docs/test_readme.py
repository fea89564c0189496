"""Every command in the README is one that the command line understands."""

import re
import shlex
from pathlib import Path

import pytest

from dnabert.cli.main import GROUPS, VERBS, app

README = (Path(__file__).parents[2] / "README.md").read_text()
COMMANDS = [
    line.removeprefix("$ ").split("  #")[0].split(" | ")[0].strip()
    for block in re.findall(r"```(?:sh|console)\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
    if line.removeprefix("$ ").startswith("dnabert ")
]


def test_every_verb_has_an_example() -> None:
    assert {command.split()[1] for command in COMMANDS} == set(VERBS)
    shown = {tuple(command.split()[1:3]) for command in COMMANDS}
    assert {(group, verb) for group, verbs in GROUPS.items() for verb in verbs} <= shown


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_command_is_understood(command: str) -> None:
    function, bound, *_ = app.parse_args(shlex.split(command)[1:], exit_on_error=False, print_error=False)
    assert function.__name__ == command.split()[2 if command.split()[1] in GROUPS else 1]
    assert bound is not None


def test_nothing_is_left_to_be_filled_in() -> None:
    assert not re.findall(r"@[A-Z_]+@|TODO|TBD", README)
