"""How many samples it takes to tell who knows what may come from who says the likeliest each time: futures-mujoco.

Pairs of made-up distributions over six outcomes, as unlike as the benchmark's arms; for each number of samples, the
mean of overlap and kappa of who draws from the truth, their product, and that of who says the likeliest.
"""

import numpy as np

from worldsim_benchmarks.futures import KINDS, UNLIKE, concordance
from worldsim_benchmarks.outcomes import overlap, shares, total_variation

PAIRS = 600

for samples in (1, 4, 16, 64):
    rng, honest, sure = np.random.default_rng(0), [], []
    for _ in range(PAIRS):
        arms = [rng.dirichlet(np.full(KINDS, 0.6)) for _ in range(2)]
        if total_variation(*arms) < UNLIKE:
            continue
        for rows, said in (
            (honest, [rng.choice(KINDS, samples, p=arm) for arm in arms]),
            (sure, [np.full(samples, arm.argmax()) for arm in arms]),
        ):
            alike = np.mean([overlap(shares(one, KINDS), arm, samples) for one, arm in zip(said, arms, strict=True)])
            rows.append((alike, concordance(said, arms)))
    (one, kappa), likeliest = np.mean(honest, 0), np.prod(np.mean(sure, 0))
    print(f"K {samples:2}: overlap {one:.2f} kappa {kappa:.2f} product {one * kappa:.2f}; likeliest {likeliest:.2f}")
