"""A fit that is killed again and again, and taken up each time, ends as one that nothing disturbed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are copied, to start quickly")

DRIVER = """
import json, os, random, signal, sys, time
import torch
from pathlib import Path
from intertwine import gspaces, nn, training

folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)


def network():
    space = gspaces.rot2dOnR2(N=4)
    image, hidden = nn.FieldType(space, [space.trivial_repr]), nn.FieldType(space, [space.regular_repr])
    return nn.SequentialModule(
        nn.R2Conv(image, hidden, kernel_size=3), nn.InnerBatchNorm(hidden), nn.ReLU(hidden),
        nn.PointwiseDropout(hidden, p=0.2), nn.HeadClasses(hidden, 2),
    )


def data():
    generator = torch.Generator().manual_seed(0)
    # nothing to learn but by heart: the held-out loss gets worse in the end
    return torch.rand(40, 1, 7, 7, generator=generator), torch.randint(2, (40,), generator=generator)


def fit(place, begun=None):
    # a program that is started again builds its network with other weights; the same ones as long as nothing was kept
    torch.manual_seed(os.getpid() if (place / "last.ckpt").exists() else 0)
    return training.fit(
        network(), *data(), epochs=60, batch_size=8, seed=5, validation=0.25, learn_rate=0.003, schedule="cosine",
        patience=25, checkpoint=place, resume=True, device="cpu",
        on_batch=None if begun is None else lambda event: begun.touch(),
        augment=lambda x, y, g: (x + 0.01 * torch.randn(x.shape, generator=g), y),
    )


def content(result):
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in result.history]
    return {"history": rows, "best": result.best_epoch, "batches": result.batches, "stopped": result.stopped,
            "weights": result.module.state_dict()}


result = fit(folder / "whole")
whole, length = content(result), result.seconds
draw = random.Random(seed)
killed, epochs = 0, []
while True:
    begun = folder / f"begun{killed}"
    child = os.fork()
    if child == 0:
        torch.save(content(fit(folder / "run", begun)), folder / "result")
        os._exit(0)
    if killed < kills:
        while not begun.exists() and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 1.5 * length / (kills + 1)))
        os.kill(child, signal.SIGKILL)
        killed += 1
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            file = folder / "run" / "last.ckpt"
            epochs.append(torch.load(file, weights_only=True)["state"]["epoch"] if file.exists() else 0)
            continue
    else:
        _, status = os.waitpid(child, 0)
    break
broken = torch.load(folder / "result", weights_only=True)
weights = [whole.pop("weights"), broken.pop("weights")]
same = list(weights[0]) == list(weights[1]) and all(torch.equal(weights[0][k], weights[1][k]) for k in weights[0])
print(json.dumps({"status": status, "kills": len(epochs), "epochs": epochs, "weights": same, "rest": whole == broken,
                  "left": sorted(os.listdir(folder / "run")), "stopped": whole["stopped"], "best": whole["best"],
                  "length": length}))
"""


def run(folder, kills, seed):
    command = [sys.executable, "-c", DRIVER, str(folder), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_fits_end_as_undisturbed_ones(kills, tmp_path):
    found = run(tmp_path, kills, seed=kills)
    assert found["status"] == 0
    assert found["kills"] >= kills // 2, "the fit was over before"
    assert found["weights"], found
    assert found["rest"], found
    assert found["stopped"] == "early"
    assert found["left"] == ["last.ckpt", "run.lock"]
