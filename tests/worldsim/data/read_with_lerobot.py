"""Run by another interpreter, one that has `lerobot`: load a dataset with it and save what it gives.

    python read_with_lerobot.py DATASET OUT.npz

torchvision may be missing there, for its wheels bring CUDA. lerobot asks it for two things: pictures to tensors, which
videos do not need, and a video reader, for which PyAV stands in, as torchvision itself has it do.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class VideoReader:
    """torchvision.io.VideoReader with the backend 'pyav', as far as lerobot uses it."""

    def __init__(self, path, stream):
        import av

        self.container = av.open(path)
        self.stream = self.container.streams.video[0]

    def seek(self, seconds, keyframes_only=False):
        self.container.seek(int(seconds / self.stream.time_base), stream=self.stream)
        return self

    def __iter__(self):
        import torch

        for frame in self.container.decode(self.stream):
            pixels = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)
            yield {"data": pixels, "pts": float(frame.pts * self.stream.time_base)}


class StandIn(ModuleType):
    """A module of which everything can be imported, and nothing can be used."""

    def __init__(self, name):
        super().__init__(name)
        self.__path__, self.__spec__ = [], ModuleSpec(name, None, is_package=True)
        sys.modules[name] = self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def stand_in_for_torchvision():
    vision = StandIn("torchvision")
    vision.io, vision.transforms = StandIn("torchvision.io"), StandIn("torchvision.transforms")
    vision.transforms.v2 = StandIn("torchvision.transforms.v2")
    vision.transforms.v2.functional = StandIn("torchvision.transforms.v2.functional")
    vision.set_video_backend, vision.io.VideoReader = lambda backend: None, VideoReader


def main(path, out):
    if importlib.util.find_spec("torchvision") is None:
        stand_in_for_torchvision()
    import numpy as np
    import torch
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset("worldsim/test", root=path, video_backend="pyav")
    items = [dataset[index] for index in range(len(dataset))]
    columns = {key: torch.stack([item[key] for item in items]).numpy() for key in items[0] if key != "task"}
    ahead = {"action": [0.0, 1 / dataset.fps]}
    windows = LeRobotDataset("worldsim/test", root=path, video_backend="pyav", delta_timestamps=ahead)
    np.savez(
        out,
        **columns,
        task=[item["task"] for item in items],
        episodes=dataset.num_episodes,
        mean_action=dataset.meta.stats["action"]["mean"],
        next_actions=np.stack([windows[index]["action"].numpy() for index in range(len(windows))]),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
