"""Settings from a TOML file, from ``--set a.b=value``, and from flags, checked against a pydantic model.

A flag wins over ``--set``, which wins over the file. An unknown key is an error that names the nearest key.
"""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dnabert.errors import ConfigError

__all__ = ["merge_settings", "validate_settings"]

Config = TypeVar("Config", bound=BaseModel)


def merge_settings(
    config: Config, file: Path | None = None, assignments: Sequence[str] = (), flags: Mapping[str, Any] | None = None
) -> Config:
    """A copy of ``config`` with settings changed.

    Args:
        config: The defaults.
        file: TOML file; its keys are the fields, nested tables the nested fields.
        assignments: ``a.b=value``; the value is read as TOML, and as plain text where it is none.
        flags: Values by dotted field name; None leaves the field alone.

    Raises:
        ConfigError: A key is unknown or a value breaks a rule; the message names where, field, value and rule.
    """
    values = config.model_dump()
    if file is not None:
        _apply(values, _read_toml(file), str(file), "")
    for text in assignments:
        key, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"--set {text}: has no '='; the form is --set a.b=value")
        _apply(values, _nested(key.strip().split("."), _parse_value(value.strip())), f"--set {text}", "")
    for key, value in (flags or {}).items():
        if value is not None:
            _apply(values, _nested(key.split("."), value), f"--{key.rsplit('.', 1)[-1].replace('_', '-')}", "")
    return validate_settings(type(config), values, str(file or "settings"))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is no valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no UTF-8 text: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _nested(keys: list[str], value: Any) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    return dict(value)


def _apply(values: dict[str, Any], changes: Mapping[str, Any], where: str, prefix: str) -> None:
    for key, value in changes.items():
        if key not in values:
            near = difflib.get_close_matches(key, list(values), n=1, cutoff=0.4)
            hint = f"; did you mean {prefix}{near[0]}?" if near else f"; known here: {', '.join(values)}"
            raise ConfigError(f"{where}: unknown key {prefix}{key}{hint}")
        if isinstance(values[key], dict) and isinstance(value, Mapping):
            _apply(values[key], value, where, f"{prefix}{key}.")
        else:
            values[key] = value


def validate_settings(kind: type[Config], values: Mapping[str, Any], where: str) -> Config:
    """An instance of ``kind``.

    Raises:
        ConfigError: A value breaks a rule; the message names field, value and rule.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        value = "" if isinstance(first["input"], Mapping) else f" {first['input']!r}"
        raise ConfigError(f"{where}: {field or 'value'}{value}: {first['msg'].removeprefix('Value error, ')}") from error
