"""How many twins a question takes: for an interval of some width, and to show a difference between two models.

    python experiments/sizes.py
    python experiments/sizes.py benchmarks/results      # and what standard deviations and correlations there really are

Normal approximations: n = (1.96 s / h)^2 for a half-width h; n = (1.96 + 0.84)^2 2 s^2 (1 - r) / d^2 for a difference d
between two models whose numbers on the same twins correlate by r, shown in 80 % of cases.
"""

import math
import sys
from itertools import combinations, groupby

import numpy as np
from scipy.stats import norm

from worldsim_benchmarks.result import read_all

ALPHA, POWER = 0.05, 0.8


def for_width(half: float, deviation: float) -> int:
    """Twins for an interval of 95 % of this half-width."""
    return math.ceil((norm.ppf(1 - ALPHA / 2) * deviation / half) ** 2)


def for_difference(difference: float, deviation: float, correlation: float) -> int:
    """Twins that show a difference between two models that answer the same ones."""
    reach = norm.ppf(1 - ALPHA / 2) + norm.ppf(POWER)
    return math.ceil(reach**2 * 2 * deviation**2 * (1 - correlation) / difference**2)


def table(corner: str, columns: list[str], rows: dict[str, list[int]]) -> str:
    lines = [f"| {corner} | {' | '.join(columns)} |", "|---|" + "--:|" * len(columns)]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(f'{n:,}' for n in each)} |" for name, each in rows.items())])


def observed(folder: str) -> str:
    """Of each metric of each benchmark: the deviation between twins, and how two models' numbers correlate."""
    lines = [
        "| benchmark | metric | SD between twins, mean over models | correlation of two models |",
        "|---|---|--:|--:|",
    ]
    models = sorted((one for one in read_all(folder) if one.kind == "model"), key=lambda one: one.benchmark)
    for benchmark, group in groupby(models, key=lambda one: one.benchmark):
        rows = list(group)
        for metric in rows[0].metrics:
            values = np.array([one.values[metric].mean(0) for one in rows])
            values = values[:, ~np.isnan(values).any(0)]
            pairs = [np.corrcoef(a, b)[0, 1] for a, b in combinations(values, 2) if a.std() > 0 and b.std() > 0]
            told = f"{np.mean(pairs):.2f}" if pairs else "—"
            lines.append(f"| {benchmark} | {metric} | {values.std(1, ddof=1).mean():.2f} | {told} |")
    return "\n".join(lines)


if __name__ == "__main__":
    spreads, alike = [0.2, 0.3, 0.4], [0.3, 0.6, 0.8]
    widths = {f"±{half}": [for_width(half, spread) for spread in spreads] for half in (0.05, 0.03, 0.02)}
    print(table("half-width", [f"SD {spread}" for spread in spreads], widths), end="\n\n")
    apart = {f"{gap:.2f}": [for_difference(gap, 0.35, one) for one in alike] for gap in (0.1, 0.05, 0.03)}
    print(table("difference, SD 0.35", [f"correlation {one}" for one in alike], apart))
    for folder in sys.argv[1:]:
        print(f"\n{observed(folder)}")
