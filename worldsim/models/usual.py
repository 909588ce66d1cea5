"""How wrong a model usually is: the unit in which it tells surprise."""

import torch
from jaxtyping import Float
from torch import Tensor


class Usual:
    """How wrong a model usually is about real frames that it did not learn from.

    The first row is of all worlds together, which is what counts in a world that the model does not know; those of its
    own worlds follow in the order of its schema, where it has one. Of each, what is said of first frames comes before
    what is said of those that follow, for each of the levels PROBED.

    Args:
        means: Of the mean square error.
        spreads: Its standard deviations.
    """

    def __init__(self, means: list[list[list[float]]], spreads: list[list[list[float]]]):
        self.means, self.spreads = means, spreads

    def standing(self, wrong: Float[Tensor, "b t l"], marks: Float[Tensor, "b w"]) -> Float[Tensor, "b t l"]:
        """How many standard deviations above the usual these errors are.

        Args:
            wrong: Of clips from their beginning.
            marks: Which of the model's worlds each is of; all zeros for none of them.
        """
        means, spreads = (torch.tensor(each, device=wrong.device) for each in (self.means, self.spreads))
        row = torch.where(marks.sum(1) > 0, 1 + marks.argmax(1), 0) if marks.shape[1] else marks.new_zeros(len(marks))
        later = (torch.arange(wrong.shape[1], device=wrong.device) > 0).long()
        mean, spread = (each[row.long()][:, later] for each in (means, spreads))
        return (wrong - mean) / spread
