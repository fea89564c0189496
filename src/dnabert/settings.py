"""Settings from a TOML file, from ``--set a.b=value``, and from flags, checked against a pydantic model.

A flag wins over the file, and so does ``--set``; a flag and ``--set`` that say different things of one field are an error. An unknown key
is an error that names the nearest key.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dnabert.errors import ConfigError

__all__ = ["as_typed", "merge_settings", "validate_settings"]

Config = TypeVar("Config", bound=BaseModel)

_SET = "--set "


def as_typed(value: object) -> str:
    """A value as a user types it after ``--set name=``.

    Examples:
        >>> as_typed((0.8, 0.1, 0.1)), as_typed(True), as_typed(Path("a.bed"))
        ('0.8,0.1,0.1', 'true', 'a.bed')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(as_typed, value))
    return str(value)


def merge_settings(
    config: Config,
    file: Path | None = None,
    assignments: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
    flag_names: Mapping[str, str] | None = None,
) -> Config:
    """A copy of ``config`` with settings changed.

    Args:
        config: The defaults.
        file: TOML file; its keys are the fields, nested tables the nested fields.
        assignments: ``a.b=value``; the value is read as TOML, and as plain text where it is none. Of a field that holds several values
            these may stand there with commas: ``a.b=one,two``.
        flags: Values by dotted field name; None leaves the field alone.
        flag_names: What a flag is called, by dotted field name, where it is not called as the field: ``{"window_bp": "--length"}``.

    Raises:
        ConfigError: A key is unknown, a value breaks a rule, or a flag contradicts an assignment; the message names where, field, value and
            rule.
    """
    values = config.model_dump()
    origins: dict[str, str] = {}
    if file is not None:
        _apply(values, _read_toml(file), str(file), origins)
    for text in assignments:
        key, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"{_SET}{text}: has no '='; the form is --set a.b=value")
        keys = key.strip().split(".")
        _apply(values, _nested(keys, _parse_value(value.strip(), _at(values, keys))), f"{_SET}{text}", origins)
    for key, value in (flags or {}).items():
        if value is not None:
            flag = (flag_names or {}).get(key) or f"--{key.rsplit('.', 1)[-1].replace('_', '-')}"
            _check_agreement(values, key, value, flag, origins)
            _apply(values, _nested(key.split("."), value), flag, origins)
    return validate_settings(type(config), values, str(file or ""), origins)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no UTF-8 text: {error}") from error
    except ValueError as error:  # also a number of too many digits
        raise ConfigError(f"{path}: is no valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def _parse_value(text: str, present: object) -> Any:
    """A value as TOML or plain text; ``present`` is what the field holds, which tells a text and several values from others."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except ValueError:  # no TOML, or a number of too many digits
        value = text
    if isinstance(present, tuple) and not isinstance(value, list | dict):
        return [_unquoted(part.strip()) for part in text.split(",")] if text else []
    return text if isinstance(present, str) and isinstance(value, int | float) else value


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _at(values: Mapping[str, Any], keys: Sequence[str]) -> object:
    """What is held under dotted keys; None where nothing is."""
    found: object = values
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _check_agreement(values: Mapping[str, Any], key: str, value: object, flag: str, origins: Mapping[str, str]) -> None:
    """Nothing, if no assignment says something else of a field than a flag does."""
    present = _at(values, key.split("."))
    if present == value or as_typed(present) == as_typed(value):
        return
    for name in _outer(key.split(".")):
        if origins.get(name, "").startswith(_SET):
            raise ConfigError(f"{flag} {as_typed(value)} contradicts {origins[name]}: both set {key}; give one of them")


def _outer(keys: Sequence[str]) -> list[str]:
    """Dotted names of a field and of all that it is part of, from the inside."""
    return [".".join(keys[:size]) for size in range(len(keys), 0, -1)]


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
        where: Where the values come from, for messages; may be empty.
        origins: Where single fields come from, by dotted name, as far as that differs.

    Raises:
        ConfigError: A value breaks a rule; the message names field, value and rule.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        parts = [str(part) for part in first["loc"]]
        field, rule = ".".join(parts), first["msg"].removeprefix("Value error, ")
        known = origins or {}
        outer = [name for name in _outer(parts) if name in known]
        # A rule on several fields names them in its own words.
        outer += [name for name in list(known)[::-1] if re.search(rf"(?<!\w){re.escape(name.rpartition('.')[2])}(?!\w)", rule)]
        value = "" if isinstance(first["input"], Mapping) else f" {_shown(first['input'])}"
        if first["type"].startswith(("tuple", "list")) or (first["loc"] and isinstance(first["loc"][-1], int)):
            rule += f"; several values are typed as --set {next(part for part in _outer(parts) if not part[-1].isdigit())}=A,B,C"
        place = known[outer[0]] if outer else where
        raise ConfigError(": ".join(text for text in (place, f"{field}{value}" if field else "", rule) if text)) from error


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else as_typed(value)
