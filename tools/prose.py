"""Grammar and spelling of everything that people read: pages, vignettes, docstrings and roxygen comments.

    python tools/prose.py [FILE...]

Harper (https://writewithharper.com) reads the prose alone. Each source becomes a text in which a line has the number that
it has in the source, so that findings point to the source. Code, formulas and examples are left out.
``tools/prose_words.txt`` holds the words of the field; ``OFF`` and ``RIGHT`` below hold what is switched off, with the reasons.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# the licence is quoted; docs/layers.md is written by tests
NOT_OURS = {ROOT / "LICENSE.md", ROOT / "docs" / "layers.md"}
WORDS = ROOT / "tools" / "prose_words.txt"
SOURCES = ["*.md", "docs/**/*.md", ".github/**/*.md", "vignettes/*.Rmd", "python/intertwine/**/*.py", "R/*.R"]


OFF = {
    "AdjectiveOfA": "an element as one of a group",
    "APart": "how far a part is from something",
    "ByOnesOwn": "each by its own element",
    "CallThem": "a module is called as it is",
    "CapitalizePersonalPronouns": "i is an index and the imaginary unit",
    "CompoundNouns": "data set and file name are two words here",
    "DiscourseMarkers": "the comma after otherwise is a matter of taste",
    "DisjointPrefixes": "non-zero, up-sampling and their like have a hyphen here",
    "EllipsisLength": "three dots are code as well",
    "ExpandArgument": "names of code",
    "ExpandControl": "names of code",
    "ExpandMemoryShorthands": "units are written as units",
    "ExpandTimeShorthands": "units are written as units",
    "FindOut": "to find out whether is right",
    "ItsContraction": "its parts is taken for it is parts",
    "LetsConfusion": "lets, third person, is right at the start of a summary",
    "LongSentences": "lists of conditions count as one sentence",
    "MassNouns": "a training is one run of fit()",
    "MergeWords": "letters of formulas are taken for parts of words",
    "MissingPreposition": "relative clauses without one are taken for a gap",
    "MissingTo": "takes lists of nouns for verbs",
    "NumericRangeEnDash": "a minus sign is meant as often",
    "OneOfTheSingular": "one of the group is an element",
    "OrthographicConsistency": "names of code and file formats",
    "Overall": "over all elements is two words",
    "OxfordComma": "this project writes a, b and c",
    "PhrasalVerbAsCompoundNoun": "dropout is a layer",
    "PronounInflectionBe": "finds no subject where a relative clause stands between",
    "PronounVerbAgreement": "letters of formulas are taken for pronouns",
    "RepeatedWords": "formulas repeat letters; codespell finds the the",
    "SentenceCapitalization": "lines of arguments begin with a lower-case letter",
    "SingleBe": "a clause between two verbs is not seen",
    "Spaces": "formulas are laid out by spaces",
    "SplitWords": "takes the words of the field apart; SpellCheck reads them too",
    "ThereIsAgreement": "a file that is there keeps its mode",
    "TheyToThem": "for, as a conjunction, is taken for a preposition",
    "UnclosedQuotes": "quotes run over lines",
    "UseEllipsisCharacter": "three dots are code as well",
    "UseTitleCase": "headings are sentences here",
}
"""Rules that are switched off, and why: here they found nothing that was wrong, or a matter of taste."""
RIGHT = {
    ("AnA", "a"): "a is an element, A a matrix",
    ("RegularIrregulars", "strided"): "a strided convolution",
    ("WrongNegative", "deprecations"): "the name of a page",
    ("WrongNegative", "det"): "the determinant",
}
"""Findings that are wrong about this text, and why."""

RIDDLES = {
    r"for \w+'s sake": "say what it is there for",
    r"shares? (their|its) fate": "say what happens to it",
    r"\bis stale\b": "say what is out of date",
    r"\bshall (be|do|have|keep|respect)\b": "say what it does, in the present tense",
    r"\bfound by (itself|themselves)\b": "say who finds it",
    r"\bfor want of\b": "because there is no",
}
"""Turns of phrase that have made readers stop, and what to write instead."""


def markdown(text: str) -> Iterator[str]:
    """The lines of a page without code blocks, tables, the head of a vignette and comments."""
    fence, head = "", text.startswith("---\n")
    for number, line in enumerate(text.splitlines()):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if head:
            head = number == 0 or line != "---"
            yield ""
        elif fence:
            fence = "" if mark and mark[1] == fence else fence
            yield ""
        elif mark:
            fence = mark[1]
            yield ""
        else:
            yield "" if re.match(r"\s*(\||\$\$|<!--)", line) else prose(line)


def docstrings(text: str) -> Iterator[str]:
    """The docstrings of a Python file, without their examples."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    lines = text.splitlines()
    found = [""] * len(lines)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, kinds) or not node.body or ast.get_docstring(node) is None:
            continue
        doc, example = node.body[0], False
        for number in range(doc.lineno - 1, doc.end_lineno or doc.lineno):
            line = lines[number].strip().strip('"').removesuffix('"""')
            example = line.startswith(">>>") or (example and line != "")
            # an argument's name is code
            line = re.sub(r"^(\*{0,2}[A-Za-z_]\w*(?:, \*{0,2}[A-Za-z_]\w*)*):(?= |$)", r"`\1`:", line)
            found[number] = "" if example else prose(line)
    yield from found


def roxygen(text: str) -> Iterator[str]:
    """The roxygen comments of an R file, without examples, usage and lists of names."""
    example = False
    for line in text.splitlines():
        if not line.startswith("#'"):
            example = False
            yield ""
            continue
        line = line[2:].strip()
        if tag := re.match(r"@(\w+)", line):
            example = tag[1] in {"examples", "examplesIf", "usage", "export", "rdname", "name", "aliases", "keywords"}
            example = example or tag[1] in {"importFrom", "noRd", "inherit", "inheritParams", "inheritDotParams"}
            line = re.sub(r"^@param (\S+)", r"`\1`:", line)
            line = re.sub(r"^@\w+\s*", "", line)
        yield "" if example else prose(re.sub(r"\\\w+\{([^{}]*)\}", r"`\1`", line))


def prose(line: str) -> str:
    """A line with its formulas and addresses made code, which Harper skips."""
    line = re.sub(r"\$[^$]+\$", "`x`", line)
    return re.sub(r"https?://\S+", "`x`", line)


READERS: dict[str, Callable[[str], Iterator[str]]] = {
    ".md": markdown,
    ".Rmd": markdown,
    ".py": docstrings,
    ".R": roxygen,
}


def is_known(text: str, words: set[str]) -> bool:
    """Whether a text is a word of the field, or cannot be misspelt: letters of formulas, names of code, acronyms."""
    text = text.removesuffix("'s").removesuffix(".")
    if len(text) < 3 or not text.isalpha() or not text[1:].islower():
        return True
    return bool({text.lower(), text.lower().removesuffix("s")} & words)


def check(files: list[Path]) -> Iterator[str]:
    """What Harper finds in files, as ``file:line: rule: text: message``."""
    words = {word.lower() for word in WORDS.read_text(encoding="utf-8").split() if not word.startswith("#")}
    riddles = {re.compile(pattern): advice for pattern, advice in RIDDLES.items()}
    with tempfile.TemporaryDirectory() as folder:
        texts: dict[str, Path] = {}
        for number, file in enumerate(files):
            name = f"{number}.md"
            lines = list(READERS[file.suffix](file.read_text(encoding="utf-8")))
            for place, line in enumerate(lines, 1):
                for pattern, advice in riddles.items():
                    if found := pattern.search(line):
                        yield f"{file.relative_to(ROOT)}:{place}: Riddle: {found[0]!r}: {advice}"
            (Path(folder) / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            texts[name] = file
        command = [sys.executable, "-m", "harper", "lint", "--format", "json", "--quiet", "--dialect", "en-GB", *texts]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not run.stdout:
        sys.exit(f"prose: Harper failed\n{run.stderr}")
    for report in json.loads(run.stdout):
        file = texts[Path(report["file"]).name]
        for lint in report["lints"]:
            rule, text = lint["rule"], lint["matched_text"]
            if rule in OFF or (rule, text.lower()) in RIGHT:
                continue
            if rule == "SpellCheck" and is_known(text, words):
                continue
            yield f"{file.relative_to(ROOT)}:{lint['line']}: {rule}: {text!r}: {lint['message']}"


def main() -> None:
    files = [Path(name).resolve() for name in sys.argv[1:]]
    files = files or sorted({file for pattern in SOURCES for file in ROOT.glob(pattern)})
    files = [file for file in files if file.suffix in READERS and file not in NOT_OURS]
    found = sorted(check(files))
    print("\n".join([*found, f"prose: {len(found)} to mend in {len(files)} files"]))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
