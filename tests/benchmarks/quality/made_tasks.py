"""A made-up folder of tasks: sequences of 30 bases, of which those of label 1 hold a motif; and a toy model to start from."""

import random
from pathlib import Path

MOTIF = "TATAAAAG"
_TURNED = str.maketrans("ACGT", "TGCA")


def turned(sequence: str) -> str:
    """The reverse complement."""
    return sequence.translate(_TURNED)[::-1]


def make_rows(count: int, seed: int, either_strand: bool = False) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        sequence = "".join(rng.choices("ACGT", k=30))
        if number % 2:
            place = rng.randrange(22)
            sequence = sequence[:place] + MOTIF + sequence[place + len(MOTIF) :]
            if either_strand and rng.random() < 0.5:
                sequence = turned(sequence)
        rows.append((sequence, str(number % 2)))
    return rows


def write_split(path: Path, rows: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("sequence,label\n" + "".join(f"{sequence},{label}\n" for sequence, label in rows))


def make_task(folder: Path, name: str, count: int = 64) -> None:
    """train, dev and test; the first two test rows are also in train, the second of them on the other strand."""
    either = name.startswith(("tf", "mouse"))
    train = make_rows(count, 1, either)
    test = make_rows(count // 2, 3, either)
    test[0], test[1] = train[0], (turned(train[1][0]), train[1][1])
    write_split(folder / name / "train.csv", train)
    write_split(folder / name / "dev.csv", make_rows(count // 2, 2, either))
    write_split(folder / name / "test.csv", test)


def make_data(folder: Path) -> Path:
    """Two whole tasks and one without a train table."""
    make_task(folder, "tf/0")
    make_task(folder, "prom_core_tata")
    write_split(folder / "prom_300_all" / "dev.csv", make_rows(4, 4))
    write_split(folder / "prom_300_all" / "test.csv", make_rows(4, 5))
    return folder
