"""Records that other commands leave as JSON, checked as they are read."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from dnabert.errors import DataFileError

__all__ = ["read_record"]

Parsed = TypeVar("Parsed", bound=BaseModel)


def read_record(path: Path, model: type[Parsed], verb: str, way_out: str) -> Parsed:
    """What a JSON file holds, as a model.

    Args:
        path: The file.
        model: What must be in it.
        verb: The command that writes it, for the message: ``simulate``.
        way_out: What to do where it is damaged, for the message: ``simulate again``.

    Raises:
        DataFileError: It is missing or damaged; the message names the first key that is not as it must be.
    """
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}; give a directory of dnabert {verb}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise DataFileError(f"{path}: is damaged: {where}: {first['msg']}; {way_out}") from error
