"""What every Python test starts from: one thread and fixed seeds."""

import signal

import pytest
import torch

# Programs of other libraries, which run under their names.
collect_ignore_glob = ["compat/habits*.py"]


# escnn leaves files open while it splits representations.
_LEFT_OPEN = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("peer"):
            item.add_marker(_LEFT_OPEN)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    # A shell that starts the tests in the background has them ignore Ctrl-C, and what they start as well.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.default_generator.manual_seed(0)  # torch.manual_seed looks for devices, which takes longer than many a test
