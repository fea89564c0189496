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
    origins: dict[str, str] = {}
    if file is not None:
        _apply(values, _read_toml(file), str(file), origins)
    for text in assignments:
        key, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"--set {text}: has no '='; the form is --set a.b=value")
        _apply(values, _nested(key.strip().split("."), _parse_value(value.strip())), f"--set {text}", origins)
    for key, value in (flags or {}).items():
        if value is not None:
            _apply(values, _nested(key.split("."), value), f"--{key.rsplit('.', 1)[-1].replace('_', '-')}", origins)
    return validate_settings(type(config), values, str(file or "settings"), origins)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
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


def _apply(values: dict[str, Any], changes: Mapping[str, Any], where: str, origins: dict[str, str], prefix: str = "") -> None:
    for key, value in changes.items():
        if key not in values:
            near = difflib.get_close_matches(key, list(values), n=1, cutoff=0.4)
            hint = f"; did you mean {prefix}{near[0]}?" if near else f"; known here: {', '.join(values)}"
            raise ConfigError(f"{where}: unknown key {prefix}{key}{hint}")
        if isinstance(values[key], dict) and isinstance(value, Mapping):
            _apply(values[key], value, where, origins, f"{prefix}{key}.")
        else:
            values[key] = value
            origins[f"{prefix}{key}"] = where


def validate_settings(kind: type[Config], values: Mapping[str, Any], where: str, origins: Mapping[str, str] | None = None) -> Config:
    """An instance of ``kind``.

    Args:
        kind: The model.
        values: Its fields.
        where: Where the values come from, for messages.
        origins: Where single fields come from, by dotted name, as far as that differs.

    Raises:
        ConfigError: A value breaks a rule; the message names field, value and rule.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        parts = [str(part) for part in first["loc"]]
        field = ".".join(parts)
        outer = [".".join(parts[:size]) for size in range(len(parts), 0, -1)]
        where = next(((origins or {})[name] for name in outer if name in (origins or {})), where)
        value = "" if isinstance(first["input"], Mapping) else f" {first['input']!r}"
        raise ConfigError(f"{where}: {field or 'value'}{value}: {first['msg'].removeprefix('Value error, ')}") from error
