from pathlib import Path
from typing import Literal, Self

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from dnabert.errors import ConfigError
from dnabert.settings import as_typed, merge_settings, validate_settings


class Inner(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    lr: float = Field(default=0.1, gt=0)
    name: str = "adam"


class Outer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    optim: Inner = Inner()
    batch_size: int = Field(default=8, ge=1)
    stranded: bool = True
    select_by: str | None = None


class Several(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)
    names: tuple[str, ...] = ()
    kind: Literal["core", "300"] = "core"

    @model_validator(mode="after")
    def _names_are_no_shares(self) -> Self:
        if len(self.names) == len(self.shares):
            raise ValueError(f"names = {as_typed(self.names)} are as many as shares = {as_typed(self.shares)}")
        return self


def toml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "f.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_anything_the_defaults_come_back() -> None:
    assert merge_settings(Outer()) == Outer()


def test_a_file_sets_fields_and_tables_set_nested_fields(tmp_path: Path) -> None:
    path = toml(tmp_path, "\ufeffbatch_size = 4\n[optim]\nlr = 0.5\n")
    assert merge_settings(Outer(), path) == Outer(batch_size=4, optim=Inner(lr=0.5))


def test_a_flag_and_an_assignment_win_over_the_file(tmp_path: Path) -> None:
    path = toml(tmp_path, "batch_size = 1\nstranded = false\n[optim]\nlr = 0.5\n")
    merged = merge_settings(Outer(), path, ["optim.lr=0.25"], {"batch_size": 3, "select_by": None})
    assert merged == Outer(batch_size=3, stranded=False, optim=Inner(lr=0.25))


def test_a_flag_and_an_assignment_that_contradict_each_other_are_an_error() -> None:
    assert merge_settings(Outer(), None, ["batch_size=3", "select_by=7"], {"batch_size": 3, "select_by": "7"}).batch_size == 3
    with pytest.raises(ConfigError, match=r"^--batch-size 3 contradicts --set batch_size=2: both set batch_size; give one of them$"):
        merge_settings(Outer(), None, ["batch_size=2"], {"batch_size": 3})
    with pytest.raises(ConfigError, match=r"^--rate 0\.1 contradicts --set optim=\{lr=0\.2\}: both set optim\.lr; give one of them$"):
        merge_settings(Outer(), None, ["optim={lr=0.2}"], {"optim.lr": 0.1}, {"optim.lr": "--rate"})


def test_of_two_assignments_the_last_one_counts() -> None:
    assert merge_settings(Outer(), None, ["batch_size=2", "batch_size=5"]).batch_size == 5


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("select_by=loss", "select_by", "loss"),
        ('select_by="loss"', "select_by", "loss"),
        (" batch_size = 12 ", "batch_size", 12),
        ("stranded=false", "stranded", False),
        ("select_by=a=b", "select_by", "a=b"),
    ],
)
def test_an_assignment_is_read_as_toml_or_as_plain_text(text: str, field: str, value: object) -> None:
    assert getattr(merge_settings(Outer(), None, [text]), field) == value


def test_a_flag_may_set_a_nested_field() -> None:
    assert merge_settings(Outer(), None, (), {"optim.name": "sgd"}).optim == Inner(name="sgd")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batchsize = 3", r"f\.toml: unknown key batchsize; did you mean batch_size\?"),
        ("[optim]\nlearning_rate = 3", r"f\.toml: unknown key optim\.learning_rate; known here: lr, name"),
        ("[optm]\nlr = 3", r"f\.toml: unknown key optm; did you mean optim\?"),
        ("zzzzzz = 3", r"f\.toml: unknown key zzzzzz; known here: optim, batch_size, stranded, select_by"),
        ("batch_size = 0", r"f\.toml: batch_size 0: Input should be greater than or equal to 1"),
        ("batch_size = 'many'", r"f\.toml: batch_size 'many': Input should be a valid integer"),
        ("[optim]\nlr = -1.0", r"f\.toml: optim\.lr -1\.0: Input should be greater than 0"),
        ("optim = 3", r"f\.toml: optim 3: Input should be a valid dictionary or instance of Inner"),
        ("[batch_size]\nx = 1", r"f\.toml: batch_size: Input should be a valid integer"),
        ("batch_size = ", r"f\.toml: is no valid TOML: Invalid value"),
    ],
)
def test_a_bad_file_names_file_field_value_and_rule(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        merge_settings(Outer(), toml(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optim.lrr=3", r"--set optim\.lrr=3: unknown key optim\.lrr; did you mean optim\.lr\?"),
        ("batch_size", r"--set batch_size: has no '='; the form is --set a\.b=value"),
        ("batch_size=0", r"--set batch_size=0: batch_size 0: Input should be greater than or equal to 1"),
        ("batch_size.x=1", r"--set batch_size\.x=1: batch_size: Input should be a valid integer"),
        ("=1", r"--set =1: unknown key ; known here"),
    ],
)
def test_a_bad_assignment_is_quoted_and_the_file_is_not_blamed(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        merge_settings(Outer(), toml(tmp_path, "stranded = true\n"), [text])


def test_a_bad_flag_is_named_as_it_was_typed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--batch-size: batch_size -1: Input should be greater than or equal to 1"):
        merge_settings(Outer(), toml(tmp_path, "batch_size = 2\n"), (), {"batch_size": -1})
    with pytest.raises(ConfigError, match=r"^--lr: optim\.lr 0: Input should be greater than 0"):
        merge_settings(Outer(), None, (), {"optim.lr": 0})


def test_a_flag_of_another_name_than_its_field_is_named_as_it_was_typed() -> None:
    with pytest.raises(ConfigError, match=r"^--size: batch_size 0: Input should be greater than or equal to 1$"):
        merge_settings(Outer(), None, (), {"batch_size": 0}, {"batch_size": "--size"})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names=chr20", ("chr20",)),
        ("names=chr20, 21", ("chr20", "21")),
        ("names=20", ("20",)),
        ('names="chr 20","chr21"', ("chr 20", "chr21")),
        ('names=["a,b"]', ("a,b",)),
        ("names=", ()),
        ("names=[]", ()),
    ],
)
def test_several_values_are_typed_with_commas_or_as_toml(text: str, names: tuple[str, ...]) -> None:
    assert merge_settings(Several(), None, [text]).names == names
    assert merge_settings(Several(), None, [text, "shares=0.5,0.25,0.25"]).shares == (0.5, 0.25, 0.25)


def test_a_number_is_a_word_where_the_field_holds_words() -> None:
    assert merge_settings(Several(), None, ["kind=300"]).kind == "300"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shares=0.5,a,0.1", "--set shares=0.5,a,0.1: shares.1 'a': Input should be a valid number, unable to parse string as a number"),
        ("shares={a=1}", "--set shares={a=1}: shares: Input should be a valid tuple"),
    ],
)
def test_a_bad_value_among_several_says_how_to_type_them(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        merge_settings(Several(), None, [text])
    assert str(caught.value) == f"{message}; several values are typed as --set shares=A,B,C"


def test_a_rule_on_several_fields_tells_the_assignment_without_further_words(tmp_path: Path) -> None:
    told = "names = a,b,c are as many as shares = 0.8,0.1,0.1"
    with pytest.raises(ConfigError) as caught:
        merge_settings(Several(), None, ["kind=300", "names=a,b,c"])
    assert str(caught.value) == f"--set names=a,b,c: {told}"
    with pytest.raises(ConfigError) as caught:
        merge_settings(Several(), toml(tmp_path, "names = ['a', 'b', 'c']"))
    assert str(caught.value) == f"{tmp_path / 'f.toml'}: {told}"
    with pytest.raises(ConfigError) as caught:
        validate_settings(Several, {"names": ("a", "b", "c")}, "")
    assert str(caught.value) == told


def test_a_number_of_too_many_digits_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Unable to parse input string as an integer, exceeded maximum size$"):
        merge_settings(Outer(), None, ["batch_size=" + "9" * 5000])
    with pytest.raises(ConfigError, match=r"f\.toml: is no valid TOML: Exceeds the limit"):
        merge_settings(Outer(), toml(tmp_path, "batch_size = " + "9" * 5000))


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: cannot be read: No such file or directory"):
        merge_settings(Outer(), tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        merge_settings(Outer(), tmp_path)
    (tmp_path / "latin.toml").write_bytes("select_by = 'é'".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.toml: is no UTF-8 text"):
        merge_settings(Outer(), tmp_path / "latin.toml")


def test_values_are_validated_as_a_whole() -> None:
    assert validate_settings(Inner, {"lr": 2}, "here") == Inner(lr=2)
    with pytest.raises(ConfigError, match="here: lr 0: Input should be greater than 0"):
        validate_settings(Inner, {"lr": 0}, "here")
