"""What a study says in words, for readers who do not know what a group is."""

from __future__ import annotations

from collections.abc import Sequence

from intertwine.study.result.answer import Answer, Standing
from intertwine.study.result.group_words import depth_in_words
from intertwine.study.result.numbers import gap_text, number_text, score_text, time_text

TRANSFORMS = {
    "as_is": "as they are",
    "rotations": "turned by random angles",
    "quarter_turns": "turned by random quarter turns",
    "mirrors": "mirrored",
}
_OPEN = ("undecided", "samples")
_THINGS = {1: "signal", 2: "image", 3: "volume"}


def thing(answer: Answer) -> str:
    """What one sample is called.

    Args:
        answer: of the study.
    """
    return _THINGS.get(answer.dimension, "sample")


def which(answer: Answer) -> str:
    """Which symmetry, down to which depth.

    Args:
        answer: of the study.
    """
    open_ones = [each for each in answer.compared if each.leader_is in _OPEN]
    if not open_ones:
        return f"Take {describe(answer, answer.leader)}."
    many = f"{len(open_ones)} others" if len(open_ones) > 1 else open_ones[0].label
    return f"The leader is {describe(answer, answer.leader)}. Whether it is better than {many} is undecided."


def describe(answer: Answer, each: Standing) -> str:
    """A candidate in words, with its label.

    Args:
        answer: of the study.
        each: the candidate.
    """
    if each.kind == "plain":
        return f"the plain network ({each.label}), which knows no symmetry"
    if each.kind == "augmented":
        return f"the plain network that is trained on {thing(answer)}s turned or mirrored at random ({each.label})"
    if not each.schedule:
        return f"the network {each.label}"
    return f"the network {each.label}, which knows {depth_in_words(each.schedule, answer.dimension)}"


MEANING = (
    "A block that knows a movement, such as quarter turns, takes a pattern and the moved pattern for the same, so that it "
    "learns it once and not in every position; it cannot tell them apart, either."
)
"""What it means that a block knows a symmetry."""


def how_good(answer: Answer) -> str:
    """The score of the leader, and on what it was measured.

    Args:
        answer: of the study.
    """
    leader, one = answer.leader, thing(answer)
    score = score_text(leader.test, answer.is_share)
    what = f"It names {score} of them right" if answer.is_share else f"Its score ({answer.score_name}) is {score}"
    return (
        f"It was chosen by its score on validation {one}s, and judged on {answer.n_test} test {one}s, "
        f"{TRANSFORMS.get(answer.judge, answer.judge)}, which took no part in the choice. "
        f"{what}, in the mean of {times(leader.seeds)}."
    )


def beside(answer: Answer, each: Standing) -> str:
    """What can be said of the leader beside one candidate: by how much, and how sure.

    Args:
        answer: of the study.
        each: the other candidate.
    """
    share = answer.is_share
    first, name, margin = answer.leader.label, each.label, gap_text(answer.margin, share)
    between = f"between {gap_text(each.low, share, unit=False)} and {gap_text(each.high, share)}"
    if each.leader_is == "failed":
        return f"{name} has no result: {each.reason or 'its trainings failed'}."
    if each.leader_is == "better":
        return f"{first} is better than {name} by {gap_text(each.difference, share)} ({between})."
    if each.leader_is == "worse":
        return (
            f"On test {thing(answer)}s {name} is better by {gap_text(-each.difference, share)} (between "
            f"{gap_text(-each.high, share, unit=False)} and {gap_text(-each.low, share)}), though validation "
            f"{thing(answer)}s preferred the leader."
        )
    if each.leader_is == "equivalent":
        return f"{name} is as good as {first}, within the margin of {margin}: the difference is {between}."
    if each.leader_is == "samples":
        more = f": about {each.more_samples} more would" if each.more_samples else ""
        return (
            f"Whether {first} is better than {name} cannot be told from {answer.n_test} test {thing(answer)}s, however many "
            f"trainings there are{more}. The difference is {between}."
        )
    more = f" About {times(each.more_seeds, 'more ')} of each would decide." if each.more_seeds else ""
    return f"Whether {first} is better than {name} is undecided: the difference is {between}.{more}"


def how_sure(answer: Answer) -> str:
    """What the intervals promise.

    Args:
        answer: of the study.
    """
    return (
        f"The intervals hold together: in at least {100 * (1 - answer.alpha):g}% of such studies all of them, at "
        "every look on the way, hold the true difference, over new trainings and "
        f"over new test {thing(answer)}s of the same kind. A difference below {gap_text(answer.margin, answer.is_share)} "
        "counts as none."
    )


def what_it_costs(answer: Answer) -> str:
    """Parameters, operations and time of the leader, and a candidate that is as good and cheaper.

    Args:
        answer: of the study.
    """
    leader, one = answer.leader, thing(answer)
    text = (
        f"It has {number_text(leader.parameters)} parameters, takes {number_text(leader.operations)} operations for one "
        f"{one}, and {time_text(leader.seconds)} for one training here."
    )
    plain = next((each for each in answer.compared if each.kind == "plain"), None)
    if plain and plain.operations and leader.kind != "plain":
        ratio = leader.operations / plain.operations
        more = f"{ratio:.1f} times" if ratio >= 1.05 else f"{100 * ratio:.0f}% of" if ratio <= 0.95 else "as many as"
        text += f" These are {more} the operations of the plain network."
    as_good = [each for each in answer.compared if each.leader_is == "equivalent" and each.operations]
    cheapest = min(as_good, key=lambda each: each.operations, default=None)
    if cheapest and cheapest.operations < 0.95 * leader.operations:
        share = 100 * cheapest.operations / leader.operations
        text += f" {cheapest.label} is as good within the margin, with {share:.0f}% of the operations."
    return text


def what_it_cannot_say(answer: Answer) -> list[str]:
    """Where the answer ends.

    Args:
        answer: of the study.
    """
    one = thing(answer)
    open_ones = [each for each in answer.compared if each.leader_is in _OPEN]
    out = []
    if answer.stopped != "finished":
        why = {"time": "its time was up", "disk": "the disk was full"}.get(answer.stopped, "it was interrupted")
        out.append(f"The study ended before its end, for {why}: the same call with the same folder goes on.")
    if open_ones:
        out.append(f"Which of {listed([answer.leader.label, *(each.label for each in open_ones)])} is the best.")
    failed = [each.label for each in answer.standings if each.leader_is == "failed"]
    if failed:
        out.append(f"Anything about {listed(failed)}, which failed.")
    out.append(
        f"Anything about other {one}s than such as these, other numbers of training {one}s, other networks or other ways "
        f"of training. The test {one}s that decide were taken {TRANSFORMS.get(answer.judge, answer.judge)}."
    )
    return out


def summary_lines(answer: Answer) -> list[str]:
    """The whole answer, a sentence or two a line.

    Args:
        answer: of the study.
    """
    return [
        which(answer),
        MEANING,
        how_good(answer),
        *(beside(answer, each) for each in answer.standings[1:]),
        how_sure(answer),
        what_it_costs(answer),
        "What the data cannot say:",
        *(f"- {line}" for line in what_it_cannot_say(answer)),
    ]


CAPTIONS = {
    "schedules": (
        "Each row is a network, drawn from the image on the left to the answer on its right: the higher a step, the more "
        "movements of the image its block treats alike. Beside it stands the difference to the leader, with its interval; "
        "in the grey band differences do not matter."
    ),
    "angles": (
        "How well the networks do on test images that are turned: the further out a line, the better at this angle. A circle "
        "means that turning does not matter."
    ),
    "sizes": "How the score grows with the number of training images; the bands are a standard error to each side.",
    "cost": (
        "The score against the operations for one image: the best are at the top left. Bars are the intervals in which the "
        "mean scores lie."
    ),
}
"""What each picture shows, in a sentence or two."""


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    Args:
        names: one or more.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def times(n: int | None, more: str = "") -> str:
    """A number of trainings.

    Args:
        n: how many.
        more: a word between number and noun.
    """
    return f"{n} {more}training{'' if n == 1 else 's'}"
