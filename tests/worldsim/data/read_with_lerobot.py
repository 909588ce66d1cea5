"""Run by another interpreter, one that has `lerobot`: load a dataset with it and save what it gives.

    python read_with_lerobot.py DATASET OUT.npz

torchvision may be missing there, for its wheels bring CUDA: lerobot asks it for two things, a picture to tensor (not used
for videos) and a video reader, and for the second PyAV stands in, as torchvision itself has it do.
"""

import importlib.machinery
import importlib.util
import sys
from types import ModuleType

import numpy as np


class VideoReader:
    """torchvision.io.VideoReader, backend 'pyav', as far as lerobot uses it."""

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


class Anything:
    """Stands for what is imported and never used."""

    def __init__(self, *_, **__):
        pass


def stand_in_for_torchvision():
    for name in ("", ".io", ".transforms", ".transforms.v2", ".transforms.v2.functional"):
        module = ModuleType(f"torchvision{name}")
        module.__path__ = []
        module.__spec__ = importlib.machinery.ModuleSpec(module.__name__, None, is_package=True)
        module.__getattr__ = lambda attribute: (_ for _ in ()).throw(AttributeError(attribute)) if (
            attribute.startswith("__")
        ) else Anything
        sys.modules[module.__name__] = module
    vision = sys.modules["torchvision"]
    vision.io, vision.transforms = sys.modules["torchvision.io"], sys.modules["torchvision.transforms"]
    vision.transforms.v2 = sys.modules["torchvision.transforms.v2"]
    vision.set_video_backend = lambda backend: None
    vision.io.VideoReader = VideoReader


def main(path, out):
    if importlib.util.find_spec("torchvision") is None:
        stand_in_for_torchvision()
    import lerobot
    import torch
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset("worldsim/test", root=path, video_backend="pyav", tolerance_s=1e-4)
    fps = dataset.fps
    items = [dataset[i] for i in range(len(dataset))]
    kept = {
        key: torch.stack([torch.as_tensor(item[key]) for item in items]).numpy()
        for key in items[0]
        if key != "task"
    }
    windows = LeRobotDataset(
        "worldsim/test", root=path, video_backend="pyav", delta_timestamps={"action": [0.0, 1 / fps]}
    )
    kept["window_action"] = windows[1]["action"].numpy()
    kept["task"] = np.array([item["task"] for item in items])
    kept["mean_action"] = dataset.meta.stats["action"]["mean"]
    kept["episodes"] = np.array(dataset.num_episodes)
    kept["version"] = np.array(getattr(lerobot, "__version__", "unknown"))
    np.savez(out, **{key.replace("/", "|"): value for key, value in kept.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
