import errno
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert import __version__, output
from dnabert.data.simulate import SimulationConfig, simulation_files
from dnabert.errors import CheckpointError, DataFileError, OutputError
from dnabert.output import (
    check_free,
    new_directory,
    open_output,
    provenance,
    provenance_lines,
    sha256_of_file,
    write_bytes,
    write_error,
    write_json,
    write_text,
)

Write = Callable[[Path], None]

FACTS = {"fingerprint": "abc"}


def start_run(run: Path, facts: dict[str, str] = FACTS, *, force: bool = False, resume: bool = False) -> None:
    output.start_run(run, facts, force=force, resume=resume)


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def by_open_output(path: Path) -> None:
    with open_output(path) as handle:
        handle.write("half")


def by_write_bytes(path: Path) -> None:
    write_bytes(path, b"half")


def by_new_directory(path: Path) -> None:
    with new_directory(path) as folder:
        write_text(folder / "file", "half")


def fail_in_file(path: Path, error: BaseException, force: bool = False) -> None:
    with open_output(path, force) as handle:
        handle.write("half")
        raise error


def fail_in_directory(path: Path, error: BaseException) -> None:
    with new_directory(path) as folder:
        (folder / "half").write_text("half")
        raise error


WRITERS = [by_open_output, by_write_bytes, by_new_directory]


def test_a_file_appears_whole_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "out.tsv"
    with open_output(target) as handle:
        handle.write("id\tä\r\n")
        assert not target.exists()
    assert target.read_bytes() == "id\tä\r\n".encode()
    assert listing(target.parent) == ["out.tsv"]


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), OSError(errno.EIO, "input/output error")])
def test_an_error_inside_leaves_neither_the_file_nor_a_temporary_one(tmp_path: Path, error: BaseException) -> None:
    for fail in (fail_in_file, fail_in_directory):
        with pytest.raises((type(error), OutputError)):
            fail(tmp_path / "out", error)
    assert listing(tmp_path) == []


def test_an_error_inside_keeps_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "out.tsv"
    target.write_text("before")
    with pytest.raises(ValueError, match="bad"):
        fail_in_file(target, ValueError("bad"), force=True)
    assert target.read_text() == "before"
    assert listing(tmp_path) == ["out.tsv"]


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    target, folder = tmp_path / "out.tsv", tmp_path / "run"
    target.write_text("before")
    folder.mkdir()
    (folder / "run.json").write_text("{}")
    message = "exists already; choose another --out, or allow overwriting with --force"
    for path in (target, folder):
        for attempt in (lambda path: check_free(path, False), by_open_output, by_new_directory, lambda path: start_run(path)):
            with pytest.raises(OutputError, match=f"{path.name}: {message}"):
                attempt(path)
    assert target.read_text() == "before"
    assert listing(tmp_path) == ["out.tsv", "run", "run/run.json"]


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    for start in (start_run, by_new_directory):
        folder = tmp_path / start.__name__
        folder.mkdir()
        start(folder)
        assert folder.is_dir()
    (tmp_path / "plain").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        by_open_output(tmp_path / "plain")


def test_with_force_a_file_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out.tsv"
    target.write_text("before")
    with open_output(target, force=True) as handle:
        handle.write("after")
    assert target.read_text() == "after"


def test_a_place_that_is_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with pytest.raises(OutputError, match="exists already"), new_directory(target):
        write_text(target / "other", "of another process")
    assert listing(tmp_path) == ["run", "run/other"]


def test_dash_is_stdout_and_stays_open(capsys: pytest.CaptureFixture[str]) -> None:
    with open_output("-") as handle:
        handle.write("id\n")
    with open_output(Path("-"), force=False) as handle:
        handle.write("next\n")
    assert capsys.readouterr().out == "id\nnext\n"


def test_a_device_or_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    by_open_output(pipe)
    reader.join()
    assert read == ["half"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    for force in (False, True):
        with open_output("/dev/null", force) as handle:
            handle.write("nothing")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(OutputError, match="/dev/full: no space left on the device"):
        by_open_output(Path("/dev/full"))


FULL = "no space left on the device; free some, or choose another --out"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_is_said_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, number: int) -> None:
    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(output.os, "fsync", full)
    with pytest.raises(OutputError, match=FULL):
        write(tmp_path / "out")
    assert listing(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_really_full_leaves_nothing(small_disk: Path) -> None:
    big = "A" * 200_000
    with pytest.raises(OutputError, match=FULL), open_output(small_disk / "out.tsv") as handle:
        handle.write(big)
    with pytest.raises(OutputError, match=FULL):
        write_text(small_disk / "out.txt", big)
    with pytest.raises(OutputError, match=FULL), new_directory(small_disk / "run") as folder:
        (folder / "big").write_text(big)
    assert listing(small_disk) == []


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EACCES, "may not be written (Permission denied); choose another --out"),
        (errno.EROFS, "may not be written (Read-only file system); choose another --out"),
        (errno.EIO, "cannot be written: Input/output error; choose another --out"),
    ],
)
@pytest.mark.parametrize("write", WRITERS)
def test_a_place_that_may_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, number: int, message: str
) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError) as caught:
        write(tmp_path / "out")
    assert str(caught.value) == f"{tmp_path}/out: {message}"
    with pytest.raises(OutputError, match="out: "):
        start_run(tmp_path / "out")


def check(path: Path) -> None:
    check_free(path, force=True)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_place_that_may_not_be_written_is_named_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "taken").write_text("before")
    monkeypatch.setattr(Path, "mkdir", refuse)
    for path in (tmp_path / "out", tmp_path / "new" / "folder" / "out", tmp_path / "taken"):
        with pytest.raises(OutputError) as caught:
            check(path)
        assert str(caught.value) == str(write_error(OSError(number, os.strerror(number)), path))
    with pytest.raises(OutputError, match=r"(;|, or) set DNABERT_CACHE$"):
        check_free(tmp_path / "out", True, "set DNABERT_CACHE")


def test_a_disk_that_is_read_only_is_named_before_the_work(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(OutputError, match=r"disk/new/out: may not be written \(Read-only file system\); choose another --out"):
        check(small_disk / "new" / "out")


def test_the_check_of_a_place_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").write_text("before")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    for path in ("new", "deep/er/new", "taken", "empty", "empty/new", "/dev/null", "-"):
        check(Path(path))
    assert listing(tmp_path) == ["empty", "taken"]


@given(names=st.lists(st.text("ab.- ", min_size=1, max_size=6).filter(lambda name: name not in (".", "..")), min_size=1, max_size=4))
def test_what_the_check_lets_pass_can_be_written(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("places")
    place = folder.joinpath(*names)
    check(place)
    assert listing(folder) == []
    by_new_directory(place)
    assert listing(place) == ["file"]


def test_a_way_out_that_is_not_the_flag_is_named_when_a_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    with (
        pytest.raises(OutputError, match=r"file/store: cannot be written: Not a directory; set DNABERT_CACHE$"),
        new_directory(tmp_path / "file" / "store", way_out="set DNABERT_CACHE"),
    ):
        pass


@pytest.mark.parametrize("write", WRITERS)
def test_a_file_where_a_folder_is_needed_is_an_error_of_ours(tmp_path: Path, write: Write) -> None:
    (tmp_path / "file").write_text("before")
    with pytest.raises(OutputError, match=r"file/out: cannot be written: (Not a directory|File exists)"):
        write(tmp_path / "file" / "out")
    with pytest.raises(OutputError, match=r"file/out: cannot be written"):
        start_run(tmp_path / "file" / "out")
    assert listing(tmp_path) == ["file"]


@pytest.mark.parametrize("write", [*WRITERS, lambda path: check_free(path, False), lambda path: start_run(path)])
def test_a_name_that_is_too_long_is_an_error_of_ours(tmp_path: Path, write: Write) -> None:
    with pytest.raises(OutputError, match="cannot be written: File name too long"):
        write(tmp_path / ("x" * 300))


def test_write_json_keeps_the_order_and_refuses_what_is_no_number(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"z": 1, "a": [None, 0.5]})
    assert (tmp_path / "a.json").read_text() == '{\n  "z": 1,\n  "a": [\n    null,\n    0.5\n  ]\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", {"a": float("nan")})
    assert listing(tmp_path) == ["a.json"]


def test_a_directory_appears_whole_and_replaces_a_run_with_force(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "run"
    with new_directory(target) as folder:
        write_text(folder / "run.json", "{}")
        assert not target.exists()
    with new_directory(target, force=True) as folder:
        write_text(folder / "after", "x")
        assert listing(target) == ["run.json"]
    assert listing(target.parent) == ["run", "run/after"]


def test_a_directory_replaces_a_file_with_force(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("before")
    with new_directory(tmp_path / "run", force=True):
        pass
    assert (tmp_path / "run").is_dir()


def by_forced_directory(path: Path) -> None:
    with new_directory(path, force=True):
        pass


@pytest.mark.parametrize("start", [by_forced_directory, lambda path: start_run(path, force=True), check])
def test_force_never_removes_a_folder_with_other_peoples_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Write) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").write_text("sequence,label\n")
    with pytest.raises(OutputError, match="data: holds files that are no result of dnabert, so --force does not remove it"):
        start(tmp_path / "data")
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    for path in (Path(), Path(".."), Path("/"), tmp_path):
        with pytest.raises(OutputError, match="is the folder you are in, which cannot be replaced; choose another --out"):
            start(path)
    assert listing(tmp_path) == ["data", "data/train.csv", "inside", "run.json"]


MOTIFS = ["motifs.meme", "motifs.tsv", "sites.bed", "report.html", "logos/motif1.svg", "logos/motif12.png"]
MODEL = ["config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]
RUN = [
    "run.json",
    *MODEL,
    "state.safetensors",
    "metrics.json",
    "metrics.jsonl",
    "predictions.tsv",
    "tensorboard/events.out.tfevents.1.vm.2.0",
]
SIMULATED = ["genome.fa", "genome.fa.fai", "truth.json", "train.csv", "peaks/CTCF.narrowPeak", "tfbs/test.csv", "tfbs/CTCF/valid.csv"]
FOLDERS = {
    "motif search": ["diagnostics.json", *MOTIFS],
    "data set": ["dataset.json", "train.tsv", "valid.tsv", "test.tsv", "regions.bed", "leakage.json", "report.html"],
    "run": [*RUN, ".model.safetensors.77-0123abcd.tmp"],
    "ensemble": ["ensemble.json", "member-1-3mer/config.json", "member-2-6mer/model.safetensors", "member-2-6mer/vocab.txt"],
    "demo": [
        *("run.json", "report.html", "model-report.html", "predictions.tsv", "cache/genomes/0123abcd/codes.bin"),
        *(f"simulation/{name}" for name in SIMULATED),
        *(f"{run}/{name}" for run in ("pretrained", "finetuned", "finetuned-from-random") for name in RUN),
    ],
    "exported model": [*MODEL, "README.md", "curve.svg"],
}
CONTENTS = {"diagnostics.json": '{"steps": [], "provenance": {}}', "config.json": '{"dnabert": {}}'}


def make_folder(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CONTENTS.get(name, "{}"))


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("start", [by_forced_directory, lambda path: start_run(path, force=True)])
def test_force_replaces_a_folder_of_ours_and_never_one_in_which_a_user_has_put_something(tmp_path: Path, start: Write, kind: str) -> None:
    folder = tmp_path / "result"
    depths = {parent for name in FOLDERS[kind] for parent in Path(name).parents}
    for foreign in sorted(str(place / name) for place in depths for name in ("thesis.docx", "mine/notes.txt")):
        make_folder(folder, [*FOLDERS[kind], foreign])
        before = listing(folder)
        first = foreign.removesuffix("/notes.txt")
        with pytest.raises(
            OutputError, match=f"result: holds {first}(/notes.txt)?, which is not of the {kind}, so --force does not remove it; move it"
        ):
            start(folder)
        assert listing(folder) == before
        shutil.rmtree(folder)
    make_folder(folder, FOLDERS[kind])
    check(folder)
    start(folder)
    assert listing(folder) in ([], ["run.json"])


def test_all_that_a_simulation_may_write_is_known_in_a_demo(tmp_path: Path) -> None:
    make_folder(tmp_path / "demo", ["run.json", *(f"simulation/{name}" for name in simulation_files(SimulationConfig()))])
    check(tmp_path / "demo")


@pytest.mark.parametrize(
    "names",
    [
        ["report.html"],
        ["report.html", "thesis.docx"],
        ["diagnostics.json"],
        ["motifs.meme"],
        ["index.json"],
        ["diagnostics.json", "motifs.meme"],
    ],
)
def test_a_name_that_anybody_may_use_does_not_make_a_folder_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]) -> None:
    monkeypatch.setitem(CONTENTS, "diagnostics.json", '{"steps": []}')
    make_folder(tmp_path / "mine", names)
    for start in (check, by_forced_directory, lambda path: start_run(path, force=True)):
        with pytest.raises(OutputError, match="mine: holds files that are no result of dnabert, so --force does not remove it"):
            start(tmp_path / "mine")
    assert listing(tmp_path / "mine") == sorted(names)


@pytest.mark.parametrize("content", ['{"model_type": "bert"}', "[]", "not JSON"])
def test_a_model_of_others_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setitem(CONTENTS, "config.json", content)
    make_folder(tmp_path / "mine", MODEL)
    with pytest.raises(OutputError, match="mine: holds files that are no result of dnabert"):
        check(tmp_path / "mine")


def test_a_link_in_the_place_of_a_folder_is_a_users(tmp_path: Path) -> None:
    make_folder(tmp_path / "run", ["run.json"])
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run" / "tensorboard").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="run: holds tensorboard, which is not of the run"):
        check(tmp_path / "run")


@pytest.mark.parametrize("start", [by_forced_directory, lambda path: start_run(path, force=True)])
def test_force_never_removes_a_pipe_or_a_device(tmp_path: Path, start: Write) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="pipe: is a pipe or a device, and a folder is wanted; choose another --out"):
        start(tmp_path / "pipe")
    assert listing(tmp_path) == ["pipe"]


def test_a_run_is_started_in_a_new_an_empty_or_a_forced_folder(tmp_path: Path) -> None:
    run = tmp_path / "deep" / "run"
    start_run(run)
    assert json.loads((run / "run.json").read_text()) == FACTS
    (run / "metrics.jsonl").write_text("")
    start_run(run, {"fingerprint": "other"}, force=True)
    assert listing(run) == ["run.json"]
    assert json.loads((run / "run.json").read_text()) == {"fingerprint": "other"}
    (tmp_path / "file").write_text("before")
    start_run(tmp_path / "file", force=True)
    assert (tmp_path / "file").is_dir()


def test_only_the_same_run_is_resumed_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    run = tmp_path / "run"
    start_run(run, resume=True)  # nothing there yet: a new run
    (run / "state.safetensors").write_text("state")
    (run / ".state.safetensors.1.tmp").write_text("of a write that was killed")
    start_run(run, {"fingerprint": "abc", "command": "typed otherwise"}, resume=True)
    assert listing(run) == ["run.json", "state.safetensors"]
    assert json.loads((run / "run.json").read_text()) == FACTS
    with pytest.raises(CheckpointError, match=r"run: was made with other settings or data \(see its run.json\)"):
        start_run(run, {"fingerprint": "xyz"}, resume=True)
    assert json.loads((run / "run.json").read_text()) == FACTS
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="mine: holds no run that could be resumed"):
        start_run(tmp_path / "mine", resume=True)
    assert listing(tmp_path / "mine") == ["thesis.txt"]


def test_sha256_is_that_of_the_bytes_and_a_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\0\1\n")
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(b"\0\1\n").hexdigest()
    with pytest.raises(DataFileError, match=r"absent: cannot be read: No such file or directory"):
        sha256_of_file(tmp_path / "absent")
    with pytest.raises(DataFileError, match=r"cannot be read: Is a directory"):
        sha256_of_file(tmp_path)


def test_provenance_names_version_command_seed_inputs_and_libraries() -> None:
    facts = provenance("dnabert predict", {"a.fa": "sha"}, seed=7)
    assert [facts[key] for key in ("dnabert", "command", "seed", "inputs")] == [__version__, "dnabert predict", 7, {"a.fa": "sha"}]
    assert set(facts["versions"]) == {"python", "torch", "numpy", "safetensors", "scikit-learn", "pysam"}
    json.dumps(facts, allow_nan=False)


def test_provenance_lines_leave_out_what_is_empty() -> None:
    assert provenance_lines("dnabert predict x", model_sha256="ab", trained_on="") == (
        f"# dnabert {__version__}\n# command: dnabert predict x\n# model sha256: ab\n"
    )


class FullStdout(io.StringIO):
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_behind_stdout_is_said_so_and_a_reader_that_has_gone_is_not_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", FullStdout())
    with pytest.raises(OutputError, match="stdout: no space left on the device"), open_output("-") as handle:
        handle.write("id\n")
    with pytest.raises(BrokenPipeError), open_output("-"):
        raise BrokenPipeError


def test_what_is_written_to_stdout_is_flushed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw))
    with open_output("-") as handle:
        handle.write("id\n")
    assert raw.getvalue() == b"id\n"
