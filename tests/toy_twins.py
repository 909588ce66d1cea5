"""A world drawn by hand: a square slides behind a wall and comes out. No simulator: scorers are tested alone."""

import numpy as np

from worldsim_benchmarks.benchmark import Case, Truth, Twins

RED = np.array([220, 40, 40], np.uint8)
SIDE, SIZE, CONTEXT, FUTURE = 8, 64, 8, 32


def told(present: bool, start: int, row: int) -> Truth:
    """The truth of 40 frames: a red square moves right by 1.5 px a frame on some row, behind a wall at 26..38 px."""
    frames = np.full((CONTEXT + FUTURE, SIZE, SIZE, 3), 150, np.uint8)
    area = np.zeros((len(frames), 1))
    centre = np.full((len(frames), 1, 2), np.nan)
    for t, frame in enumerate(frames):
        left = round(start + 1.5 * t)
        if present:
            frame[row : row + SIDE, max(left, 0) : left + SIDE] = RED
        frame[8:60, 26:38] = 90
        v, u = np.nonzero((frame == RED).all(-1))
        area[t] = len(u)
        if len(u):
            centre[t, 0] = u.mean() + 0.5, v.mean() + 0.5
    return Truth(
        frames=frames,
        hue=np.array([0 if present else -1]),
        centre=centre,
        area=area,
        visible=area / SIDE**2,
        diameter=np.sqrt(4 * area.max(0) / np.pi),
        pose=np.repeat(np.eye(4)[None], len(frames), 0),
        intrinsics=np.array([[64.0, 0, 32], [0, 64, 32], [0, 0, 1]]),
    )


def twins(number: int = 0) -> Twins:
    """A pair: the square is there, or it never was."""
    arms = {arm: told(arm == "present", number % 5, 10 + 13 * (number % 4)) for arm in ("present", "absent")}
    return Twins(
        f"toy/{number}",
        "toy",
        tuple(
            Case(
                name=f"toy/{number}/{arm}",
                arm=arm,
                scene="Toy-v0",
                seen=truth.frames[:CONTEXT],
                taken=np.zeros((CONTEXT - 1, 1), np.float32),
                plan=np.zeros((FUTURE, 1), np.float32),
                fps=10.0,
                truth=truth.cut(CONTEXT),
                before=truth.cut(0, CONTEXT),
                notes={"target": 0},
            )
            for arm, truth in arms.items()
        ),
    )
