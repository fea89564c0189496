"""Published figures of the GUE tasks: MCC x 100 on test.

Source: Zhou et al. 2023 (DNABERT-2), arXiv 2306.15006, table 6; GROVER and GENA-LM from the GROVER paper. Row means over the 28 tasks of
GUE agree with the published averages (docs of this project, users and peers, section 5.1).
"""

__all__ = ["CNN", "DNABERT_2", "DNABERT_6", "PUBLISHED", "best_published"]

DNABERT_6, DNABERT_2, CNN = "DNABERT 6-mer", "DNABERT-2", "CNN (published)"

_COLUMNS = (
    *(f"tf/{number}" for number in range(5)),
    *("prom_core_all", "prom_core_notata", "prom_core_tata", "prom_300_all", "prom_300_notata", "prom_300_tata"),
    *(f"mouse/{number}" for number in range(5)),
    "splice/reconstructed",
)

_FIGURES = f"""
DNABERT 3-mer | 67.95 70.90 60.51 53.03 69.76 70.92 69.82 78.15 90.44 93.61 69.83 42.31 79.10 69.90 55.40 41.97 84.14
DNABERT 4-mer | 67.90 73.05 59.52 50.37 71.23 69.00 70.04 74.25 89.54 92.65 66.78 49.42 79.95 72.62 51.79 44.13 84.05
DNABERT 5-mer | 66.97 69.98 59.03 52.95 69.26 69.48 69.81 76.79 90.16 92.45 69.51 42.45 79.32 62.22 49.92 40.34 84.02
{DNABERT_6} | 66.84 70.14 61.03 51.89 70.97 68.90 70.47 76.06 90.48 93.05 61.56 44.42 78.94 71.44 44.89 42.48 84.07
NT-500M-human | 61.59 66.75 53.58 42.95 60.81 63.45 64.82 71.34 87.71 90.75 78.07 31.04 75.04 61.67 29.17 29.27 79.71
NT-2500M-1000g | 66.31 68.30 58.70 49.08 67.59 67.39 67.46 69.66 90.95 93.07 75.80 48.31 80.02 70.14 42.25 43.40 85.78
NT-2500M-multi | 66.64 70.28 58.72 51.65 69.34 70.33 71.58 72.97 91.01 94.00 79.43 63.31 83.76 71.52 69.44 47.07 89.35
{DNABERT_2} | 71.99 76.06 66.52 58.54 77.43 69.37 68.04 74.17 86.77 94.27 71.59 56.76 84.77 79.32 66.47 52.66 84.99
DNABERT-2, further trained on GUE | 69.12 71.87 62.96 55.35 74.94 67.50 69.53 76.18 88.31 94.34 68.79 64.23 86.28 81.28 73.49 50.80 85.93
HyenaDNA | 62.30 67.86 46.85 41.78 61.23 36.95 35.38 72.87 47.38 52.24 5.34 35.62 80.50 65.34 54.20 19.17 72.67
GROVER | 64.52 64.06 61.51 50.13 75.99 61.09 - - 75.47 - - - - - - - 82.87
GENA-LM | 63.99 70.79 64.57 56.34 74.01 63.08 - - 85.56 - - - - - - - 83.59
{CNN} | 53.95 63.20 45.22 29.84 61.48 58.07 60.09 69.33 75.78 85.14 70.30 31.14 59.74 63.15 45.48 27.18 76.79
"""


def _parse(text: str) -> dict[str, dict[str, float]]:
    rows = {}
    for line in text.strip().splitlines():
        name, _, figures = line.partition(" | ")
        rows[name] = {task: float(value) for task, value in zip(_COLUMNS, figures.split(), strict=True) if value != "-"}
    return rows


PUBLISHED: dict[str, dict[str, float]] = _parse(_FIGURES)
"""MCC x 100 by model and task."""


def best_published(task: str) -> float | None:
    """The highest published figure of a task; None where there is none."""
    return max((row[task] for row in PUBLISHED.values() if task in row), default=None)
