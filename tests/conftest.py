"""One thread a process, in tests and in the processes they start.

Sums in another order are other bits, so what must be equal to the bit is computed with equally many threads; and two
workers with two threads each would wait for each other.
"""

import os

import checking
import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, and inherited by every subprocess
checking.begin()


@pytest.fixture(autouse=True)
def one_thread():
    """Take back what a test, or a page of the docs that one runs, has set."""
    import torch

    torch.set_num_threads(1)
