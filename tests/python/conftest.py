"""What every Python test starts from: one thread and fixed seeds."""

import signal
from collections import defaultdict

import pytest
import torch

from .contracts.cases import share

# Programs of other libraries, which run under their names.
collect_ignore_glob = ["compat/habits*.py"]


# escnn leaves files open while it splits representations, and its optimiser divides by zero from some random starts.
_OF_PEERS = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:invalid value encountered:RuntimeWarning:pymanopt",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-in", type=int, default=1, metavar="K", help="of the cases of each test run one in K")


@pytest.hookimpl(trylast=True)  # of what -m and -k leave
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("peer"):
            item.add_marker(_OF_PEERS)
    one_in = config.getoption("one_in")
    if one_in > 1:
        tests = defaultdict(list)
        for item in items:
            tests[item.nodeid.split("[")[0]].append(item)
        kept = {item for name, cases in tests.items() for item in share(name, cases, one_in)}
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = [item for item in items if item in kept]


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
