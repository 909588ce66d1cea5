"""A model of several worlds, asked about one of them."""

from typing import Any

import gymnasium as gym
import torch
from jaxtyping import Float
from torch import Tensor, nn

from worldsim.data.schema import Schema
from worldsim.protocols import Noise, Surprise, WorldModel, hears_camera
from worldsim.types import Camera


def within(model: WorldModel, world: str, space: gym.Space | None = None) -> WorldModel:
    """The model as one takes it that acts in one world alone; a model of one world already is.

    Args:
        model: Any world model.
        world: The id of the world, as `gymnasium.make` takes it.
        space: Its action space, for a world that the model did not learn.

    Raises:
        ValueError: Where the model knows neither the world nor its actions.
    """
    schema = getattr(model, "schema", None)
    return Within(model, schema, world, space) if isinstance(schema, Schema) else model


class Within(nn.Module):
    """A model of several worlds that takes the actions of one of them.

    Args:
        model: A world model.
        schema: What the components of its actions mean.
        world: The id of the world.
        space: Its action space, for a world that the model did not learn.
    """

    mark: Tensor

    def __init__(self, model: WorldModel, schema: Schema, world: str, space: gym.Space | None = None):
        super().__init__()
        self.model, self.schema = model, schema
        self.place = schema.place(world, space)
        self.register_buffer("mark", torch.from_numpy(schema.mark(world)), persistent=False)

    @property
    def camera(self) -> bool:
        """Whether the model hears where frames are seen from."""
        return hears_camera(self.model)

    def watch(
        self, seen: Float[Tensor, "b t c h w"], taken: Float[Tensor, "b t-1 a"], *, camera: Camera | None = None
    ) -> Any:
        """As a WorldModel's; with a camera, as a CameraConditioned's."""
        return self.model.watch(seen, self.placed(taken), **_told(camera))

    def imagine(
        self, memory: Any, plan: Float[Tensor, "b n a"], *, generator: Noise, camera: Camera | None = None
    ) -> tuple[Float[Tensor, "b n c h w"], Any]:
        """As a WorldModel's; with a camera, as a CameraConditioned's."""
        return self.model.imagine(memory, self.placed(plan), generator=generator, **_told(camera))

    def surprise(
        self,
        frames: Float[Tensor, "b t c h w"],
        actions: Float[Tensor, "b t-1 a"],
        *,
        generator: Noise,
        camera: Camera | None = None,
    ) -> Float[Tensor, "b t"]:
        """As a Surprise's."""
        assert isinstance(self.model, Surprise)
        return self.model.surprise(frames, self.placed(actions), generator=generator, **_told(camera))

    def placed(self, actions: Float[Tensor, "b n a"]) -> Float[Tensor, "b n z"]:
        """Actions of the world where the model looks for them; see `Schema.placed`.

        Raises:
            ValueError: Where they have more or fewer components than actions of this world have.
        """
        own = self.place.stop - self.place.start
        if actions.shape[-1] != own:
            raise ValueError(
                f"actions came with {actions.shape[-1]} components; {own} would do in this world: flatten each with "
                "gymnasium.spaces.utils.flatten"
            )
        before, after = self.place.start, self.schema.components - self.schema.marks - self.place.stop
        mark = self.mark.to(actions.device).expand(*actions.shape[:2], -1)
        untold = 0.0 if own else torch.nan  # as of `Schema.placed`
        return torch.cat([nn.functional.pad(actions, (before, after), value=untold), mark], dim=-1)


def _told(camera: Camera | None) -> dict[str, Any]:
    """The argument, for a model that takes it; nothing for one that may not."""
    return {} if camera is None else {"camera": camera}
