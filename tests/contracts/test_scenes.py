"""What every scene promises. A new scene is covered by its line in `worldsim_envs.SCENES`."""

import hashlib
import inspect
import pickle
import subprocess
import sys
import warnings
from itertools import chain
from typing import NamedTuple

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import flatten
from gymnasium.utils.env_checker import check_env
from scipy.ndimage import label

from worldsim_benchmarks.readers import ColourReader
from worldsim_envs import SCENES, palette
from worldsim_envs.cameras import Camera
from worldsim_envs.mujoco.render import choose, gl

SEEDS = (3, 4)
STEPS = 12


def make(name, **options):
    return gymnasium.make(name, renderer=SCENES[name].renderer, **options).unwrapped


@pytest.fixture(scope="module", params=SCENES)
def env(request):
    return make(request.param, depth=True, segmentation=True)


def play(env, actions):
    """Step through the actions; every observation and truth on the way."""
    seen = []
    for action in actions:
        observation, _, _, _, info = env.step(action)
        seen.append((observation, info["truth"]))
    return seen


def expert(env, steps, seed=0):
    """What the expert does from here on, having done it."""
    rng, actions = np.random.default_rng(seed), []
    for _ in range(steps):
        actions.append(env.expert(rng))
        env.step(actions[-1])
    return actions


def same(one, other):
    """Equal to the bit, whatever the nesting of dicts, tuples and lists."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one.dtype == other.dtype and np.array_equal(one, other)


def of_hue(rgb, hue):
    """The pixels of one hue: coloured at all, and in its direction around the grey axis, not in one between two."""
    chroma = rgb - rgb.mean(-1, keepdims=True, dtype=float)
    strength = np.linalg.norm(chroma, axis=-1)
    paint = palette.RGB - palette.RGB.mean(1, keepdims=True)
    paint /= np.linalg.norm(paint, axis=1, keepdims=True)
    return (strength > 25) & (chroma @ paint[hue] > 0.93 * strength)


def between_hues(ids, scene):
    """The pixels at which two things or wools meet, whose mixed colour is neither's: both are there or beside it."""
    slots = len(scene.things)
    wools = [slots + number for number, kind in enumerate(scene.stuff) if kind.endswith("_wool")]
    near = [np.pad(ids == index, 1) for index in (*range(slots), *wools)]
    side = range(3)
    wide = [np.max([one[a:][: len(ids), b:][:, : len(ids)] for a in side for b in side], 0) for one in near]
    return np.sum(wide, 0) >= 2


class Moment(NamedTuple):
    """What a moment of an episode shows, what is true of it, from where it is seen, and what is of one piece."""

    observation: dict
    truth: dict
    camera: Camera
    whole: np.ndarray


@pytest.fixture(scope="module")
def moments(env):
    """Moments of several episodes of the expert, and the reset of each."""

    def moment(observation, info):
        parts = getattr(env.backend, "pieces", [[0]] * len(env.things))  # MuJoCo's things can have some that stand off
        return Moment(observation, info["truth"], env.camera, np.array([len(pieces) == 1 for pieces in parts]))

    found = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        found.append(moment(*env.reset(seed=seed)))
        for step in range(1, 37):
            observation, *_, info = env.step(env.expert(rng))
            if step % 3 == 0:
                found.append(moment(observation, info))
    return found


def test_gymnasium_accepts_it(env):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*(maximum value is infinity|infinite|symmetric and normalized).*")
        check_env(make(env.scene.name, depth=True, segmentation=True))


def test_it_is_made_by_its_id_and_ends_on_time(env):
    listed = SCENES[env.scene.name]
    made = gymnasium.make(f"worldsim_envs:{env.scene.name}", size=32, renderer=listed.renderer)
    assert made.spec.max_episode_steps == listed.steps
    assert made.metadata["render_fps"] == env.scene.fps > 0
    observation, _ = made.reset(seed=0)
    assert observation["pov"].shape == (32, 32, 3)
    assert np.array_equal(made.render(), observation["pov"])


def test_everything_is_finite_in_its_space_and_keeps_its_shape(env, moments):
    first = None
    for observation, truth, *_ in moments:
        assert env.observation_space.contains(observation)
        assert all(np.isfinite(value).all() for value in truth.values())
        shapes = {name: (value.shape, value.dtype) for name, value in truth.items()}
        assert shapes == (first := first or shapes)
        slots = len(env.things)
        assert truth["contact"].shape == (slots, slots + 1)
        assert ((truth["visible"] >= 0) & (truth["visible"] <= 1)).all()
        assert (truth["visible"][~truth["present"]] == 0).all()
        assert (truth["hue"] >= 0).tolist() == truth["present"].tolist()
    assert env.action_space.contains(env.expert(np.random.default_rng(0)))


def test_same_seed_same_bytes_and_another_seed_another_world(env):
    def episode(seed):
        start = env.reset(seed=seed)
        return [start[0], start[1]["truth"], play(env, expert_actions)]

    env.reset(seed=SEEDS[0])
    expert_actions = expert(env, STEPS)
    first, second, again = episode(SEEDS[0]), episode(SEEDS[1]), episode(SEEDS[0])
    assert same(first, again)
    assert not np.array_equal(first[0]["pov"], second[0]["pov"])
    assert not np.array_equal(first[1]["pos"], second[1]["pos"])


def digest(name):
    """A fingerprint of all that a short episode shows and says."""
    env, rng, total = make(name, depth=True, segmentation=True), np.random.default_rng(0), hashlib.sha256()
    env.reset(seed=5)
    for _ in range(8):
        observation, *_, info = env.step(env.expert(rng))
        for part in (*observation.values(), *info["truth"].values()):
            total.update(part.tobytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def digests_elsewhere():
    lines = ["import hashlib, gymnasium, numpy as np", "from worldsim_envs import SCENES"]
    lines += [inspect.getsource(make), inspect.getsource(digest), "print(*map(digest, SCENES))"]
    ran = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert ran.stderr == ""  # and nothing is said that nobody asked for
    return dict(zip(SCENES, ran.stdout.split(), strict=True))


def test_same_seed_same_bytes_in_another_process(env, digests_elsewhere):
    assert digest(env.scene.name) == digests_elsewhere[env.scene.name]


def test_a_restored_moment_goes_on_as_it_did_also_elsewhere(env):
    env.reset(seed=SEEDS[0])
    expert(env, 6)
    kept, before = env.save(), env.truth()
    actions = expert(env, STEPS)
    _, info = env.restore(kept)
    assert same(info["truth"], before)
    first = play(env, actions)
    env.restore(kept)
    assert same(first, play(env, actions))
    fresh = make(env.scene.name, depth=True, segmentation=True)
    fresh.restore(pickle.loads(pickle.dumps(kept)))
    assert same(first, play(fresh, actions))


def test_a_state_of_another_world_is_refused(env):
    env.reset(seed=0)
    foreign = env.save()._replace(scene="worldsim/Elsewhere-v0")
    with pytest.raises(ValueError, match="Elsewhere-v0"):
        env.restore(foreign)


def test_each_change_survives_saving_and_leaves_the_past_alone(env):
    env.reset(seed=SEEDS[0])
    expert(env, 5)
    kept, before = env.save(), env.truth()
    changes, actions = env.changes, [env.expert(np.random.default_rng(1)) for _ in range(3)]
    assert changes
    for change in changes:
        env.restore(kept)
        env.intervene(change)
        twin = env.save()
        assert twin.applied == (*kept.applied, change)
        there = play(env, actions)
        env.restore(kept)
        assert same(env.truth(), before), change
        env.restore(twin)
        assert same(there, play(env, actions)), change


def test_what_is_removed_is_gone_and_nothing_else_is_touched(env):
    for seed in range(3):
        env.reset(seed=seed)
        expert(env, 3)
        kept, before = env.save(), env.truth()
        for slot in np.flatnonzero(before["present"]):
            env.restore(kept)
            observation, info = env.intervene(f"remove:{slot}")
            after, others = info["truth"], np.arange(len(env.things)) != slot
            assert not after["present"][slot] and after["visible"][slot] == 0
            assert not (observation["segmentation"] == slot).any()
            if (before["hue"] == before["hue"][slot]).sum() == 1:
                assert of_hue(observation["pov"], before["hue"][slot]).sum() < 10  # where others' edges mix
            for name in ("pos", "quat", "velocity", "present", "hue"):
                assert np.array_equal(after[name][others], before[name][others]), name
            assert f"remove:{slot}" not in env.changes
            assert not play(env, expert(env, 2))[-1][1]["present"][slot]


def test_pixels_and_truth_agree_on_what_is_where(env, moments):
    whole = hidden = 0
    for observation, truth, camera, _ in moments:
        seen = ColourReader(palette.RGB).read(observation["pov"][None])
        spread = camera.intrinsics[0, 0] * truth["diameter"] / np.maximum(camera.project(truth["pos"])[1], 1e-3)
        for slot in np.flatnonzero(truth["present"]):
            painted = of_hue(observation["pov"], truth["hue"][slot])
            if len(alike := np.flatnonzero(truth["hue"] == truth["hue"][slot])) > 1:
                gaps = np.linalg.norm(truth["pixel"][alike, None] - truth["pixel"][alike], axis=-1)
                apart = (gaps + 1e3 * np.eye(len(alike))).min() > 1.5 * spread[alike].max()
                if apart and (truth["visible"][alike] == 1).all() and spread[alike].min() >= 7:
                    patches, _ = label(painted)  # a hue that several have names none, and tells how many there are
                    assert (np.bincount(patches[painted]) >= 10).sum() == len(alike)
                continue
            if truth["visible"][slot] == 1:
                whole += 1
                _, middles = seen.of(0, int(truth["hue"][slot]))
                assert np.linalg.norm(middles - truth["pixel"][slot], axis=1).min(initial=np.inf) <= 0.15 * spread[slot]
            elif truth["visible"][slot] == 0:
                hidden += 1
                mixed = between_hues(observation["segmentation"], env.scene)
                assert (painted & ~mixed).sum() <= max(2, spread[slot] / 2)  # a sliver that no ray met
    assert whole >= 20


def test_depth_ids_and_camera_agree(env, moments):
    for observation, truth, camera, whole in moments:
        ids = observation["segmentation"]
        assert np.array_equal(ids < 0, np.isinf(observation["depth"])) or not env.scene.stuff
        rows = np.argwhere((ids >= 0) & (ids < len(env.things)))
        slots = observation["segmentation"][*rows.T]
        points = camera.unproject(rows[:, ::-1] + 0.5, observation["depth"][*rows.T])
        away = np.linalg.norm(points - truth["pos"][slots], axis=1)
        assert (away <= 0.5 * np.sqrt(3) * truth["diameter"][slots] + 1e-3).all()
        assert (away >= truth["size"][slots].min(1) - 1e-3)[whole[slots]].all()


def test_it_can_be_looked_at_from_anywhere(env):
    observation, info = env.reset(seed=0)
    own = env.render_at(env.camera, depth=True, segmentation=True)
    assert np.array_equal(own.rgb, observation["pov"]) and np.array_equal(own.depth, observation["depth"])
    slot = int(info["truth"]["visible"].argmax())
    at, eye = info["truth"]["pos"][slot], env.camera.pose[:3, 3]
    nearer = Camera.look(at + 0.4 * (eye - at) + np.array([0.02, 0.0, 0.05]), at, fov=40, size=48, up=env.scene.up)
    picture = env.render_at(nearer, size=48, segmentation=True)
    assert picture.rgb.shape == (48, 48, 3) and picture.depth is None
    assert picture.segmentation[24, 24] == slot
    assert np.array_equal(env.render(), observation["pov"])


def test_large_and_small_pictures_show_the_same(env):
    small = env.reset(seed=1)[0]["pov"].astype(float)
    large = env.render_at(env.camera.resized(2), size=2 * env.size).rgb
    halved = large.reshape(env.size, 2, env.size, 2, 3).mean((1, 3))
    assert np.abs(halved - small).mean() < 2


def test_what_it_hands_out_is_not_its_own(env):
    observation, info = env.reset(seed=0)
    for part in (observation["pov"], info["truth"]["pos"], info["camera"]["pose"], env.render()):
        part[...] = 0
    again = env.restore(env.save())
    assert again[0]["pov"].any() and again[1]["truth"]["pos"].any() and again[1]["camera"]["pose"].any()


def told(env, seed, name):
    """An arm, its frames and truths from the reset on, and its actions as vectors."""
    env.reset(seed=seed)
    arm = env.arms()[name]
    shown = [(observation["pov"], info["truth"]) for observation, info in env.tell(arm)]
    return arm, shown, [flatten(env.action_space, action) for action in arm.actions]


def asked(env):
    """Every arm of every family beside the factual one of its family."""
    return [(names[0], name) for names in env.scene.families.values() for name in names[1:]]


def test_arms_are_as_long_as_an_episode_and_ask_what_the_scene_says(env):
    for seed in SEEDS:
        env.reset(seed=seed)
        before, arms = env.truth(), env.arms()
        assert same(env.truth(), before)  # asking moves nothing
        assert {name for names in env.scene.families.values() for name in names} <= arms.keys()
        for arm in arms.values():
            assert len(arm.actions) == SCENES[env.scene.name].steps
            assert all(env.action_space.contains(action) for action in arm.actions)
            assert all(0 <= step < len(arm.actions) for step, _ in arm.changes)
    if env.scene.families:
        env.step(env.expert(np.random.default_rng(0)))
        with pytest.raises(ValueError, match="reset"):
            env.arms()


def test_arms_differ_by_their_intervention_alone(env):
    env = make(env.scene.name, size=32)
    tellings = {name: told(env, SEEDS[0], name) for name in dict.fromkeys(chain(*asked(env)))}
    for factual, other in asked(env):
        (one, there, done), (two, here, planned) = tellings[factual], tellings[other]
        apart = [step for step, pair in enumerate(zip(done, planned, strict=True)) if not np.array_equal(*pair)]
        apart += [step for step, _ in set(one.changes) ^ set(two.changes)]
        first = min(apart, default=len(there))
        # the frame in which a change is made shows it already; what an action does is seen in the next
        shared = first + (not any(step == first for step, _ in set(one.changes) ^ set(two.changes)))
        assert same(there[:shared], here[:shared]), other
        if other == "noop":
            assert not apart
        else:
            assert apart and not same(there[shared:], here[shared:]), other
    for name, (_, shown, _) in tellings.items():
        assert same(shown, told(env, SEEDS[0], name)[1]), name


def test_every_template_and_range_is_a_world_of_its_own(env):
    shown = {}
    for template in env.scene.templates:
        for ranges in env.scene.ranges:
            varied = make(env.scene.name, template=template, ranges=ranges)
            observation, info = varied.reset(seed=SEEDS[0])
            play(varied, [varied.expert(np.random.default_rng(0)) for _ in range(3)])
            shown[template, ranges] = observation["pov"].tobytes()
            assert info["truth"]["present"].any()
    assert len(set(shown.values())) == len(shown)
    with pytest.raises(ValueError, match="palette"):
        make(env.scene.name, template="velvet")
    with pytest.raises(ValueError, match="train"):
        make(env.scene.name, ranges="everywhere")


def test_errors_help(env):
    with pytest.raises(ValueError, match="reset"):
        make(env.scene.name).step(env.action_space.sample())
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"remove:0"):
        env.intervene("remove:17")
    with pytest.raises(ValueError, match=r"takes"):
        env.step("left")
    with pytest.raises(ValueError, match=SCENES[env.scene.name].renderer):
        gymnasium.make(env.scene.name, renderer="crayon")
    with pytest.raises(ValueError, match=r"size"):
        gymnasium.make(env.scene.name, size=4)


def test_both_renderers_see_the_same(env):
    if SCENES[env.scene.name].renderer != "warp-cpu":
        pytest.skip("not a MuJoCo world")
    if gl() is None:
        pytest.skip("no GL on this machine, so there is only one renderer")
    env.reset(seed=0)
    expert(env, 3)
    world = env.backend
    cast, raster = (
        choose(name).draw(world.model, world.data, env.camera, env.size, depth=True, segmentation=True)
        for name in ("warp-cpu", "classic")
    )
    alike = cast.segmentation == raster.segmentation
    assert alike.mean() >= 0.995
    assert np.abs(cast.depth - raster.depth)[alike].mean() < 5e-3
