"""Ctrl-C in a long call: R lives on, and the call ends in good order."""

import os
import signal
import subprocess
import sys
import time

SCRIPT = r"""
suppressMessages(library(intertwine))
invisible(intertwine_available())
code <- "
def train(on_batch):
    import torch
    layer = torch.nn.Linear(64, 64)
    batches = 0
    while on_batch({'batch': batches}) is not False:
        layer(torch.zeros(32, 64)).sum().backward()
        batches += 1
        if batches > 200000: break
    return batches
"
train <- reticulate::py_run_string(code, local = TRUE)$train
cat("ready\n")
stopped <- 0
for (i in 1:20) {
  cat("round", i, "\n")
  done <- intertwine:::py_call_polled(train, every = 0.02)
  if (isTRUE(intertwine:::the$interrupted) && done > 0) stopped <- stopped + 1
}
# Checks are stopped from inside of the modules that they run.
model <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
forever <- reticulate::py_run_string("
def forever(module):
    import torch
    while True: module(torch.zeros(1, 1, 5, 5))
", local = TRUE)$forever
cat("round 21\n")
outcome <- tryCatch(
  {intertwine:::py_call_stoppable(forever, list(model), modules = list(model)); "no"},
  interrupt = function(i) "yes"
)
cat("stopped", stopped, outcome, "\n")
cat("alive", group_order(cyclic_group(4)), "\n")
"""


def test_twenty_one_interrupts_stop_cleanly():
    environment = {**os.environ, "RETICULATE_PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        ["Rscript", "-e", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    )
    lines: list[str] = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if line.startswith("round"):
                time.sleep(0.15)
                process.send_signal(signal.SIGINT)
    seen = "".join(lines)
    assert process.returncode == 0, seen
    assert "stopped 20 yes" in seen
    assert "alive 4" in seen
