from pathlib import Path

import pytest
from pydantic import BaseModel

from dnabert.errors import DataFileError
from dnabert.report.records import read_record


class Run(BaseModel):
    seed: int
    names: tuple[str, ...] = ()


def test_a_record_is_read_as_its_model(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"seed": 3, "names": ["a"]}')
    assert read_record(tmp_path / "run.json", Run, "run", "run again") == Run(seed=3, names=("a",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory; give a directory of dnabert run"),
        ("{", "is damaged: the file: Invalid JSON: EOF while parsing an object at line 1 column 1; run again"),
        ('{"names": []}', "is damaged: seed: Field required; run again"),
        ('{"seed": 1, "names": ["a", 2]}', "is damaged: names.1: Input should be a valid string; run again"),
    ],
)
def test_a_missing_or_damaged_record_is_named_with_the_way_out(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataFileError) as caught:
        read_record(path, Run, "run", "run again")
    assert str(caught.value) == f"{path}: {message}"
