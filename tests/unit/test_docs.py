"""The documentation's links are live, and no page of it is out of reach."""

from __future__ import annotations

import doctest
import importlib
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "benchmarks").glob("*.md"),
        *(ROOT / "changelog.d").glob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / "src").rglob("*.md"),
        *(ROOT / "tests").rglob("*.md"),
    ]
)

FENCED = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
INLINE_CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def links(page: Path) -> list[str]:
    """Return the targets of a page's links, without those shown as code."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return LINK.findall(INLINE_CODE.sub("`code`", text))


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings have where repositories are read."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        same = sum(1 for anchor in found if re.fullmatch(re.escape(slug) + r"(-\d+)?", anchor))
        found.add(slug if same == 0 else f"{slug}-{same}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_is_live(page: Path) -> None:
    # A changelog fragment is read where it ends up: in the changelog at the top.
    fragment = page.parent.name == "changelog.d" and page.name != "README.md"
    folder = ROOT if fragment else page.parent
    dead = []
    for target in links(page):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue  # another site: not ours to check without a network
        path, _, anchor = unquote(target).partition("#")
        file = folder / path if path else page
        if not file.exists() or (file.suffix == ".md" and anchor and anchor not in anchors(file)):
            dead.append(target)

    assert dead == []


def test_every_page_of_the_documentation_is_reached_from_its_index() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        targets = [unquote(target).partition("#")[0] for target in links(page)]
        waiting += [(page.parent / target).resolve() for target in targets if ":" not in target]

    assert [page for page in PAGES if ROOT / "docs" in page.parents and page not in reached] == []


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if ">>> " in page.read_text(encoding="utf-8")],
    ids=lambda page: page.name,
)
def test_the_worked_numbers_of_a_page_are_what_the_code_computes(page: Path) -> None:
    failed, tried = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.REPORT_NDIFF
    )

    assert failed == 0
    assert tried > 0


def test_decisions_are_numbered_without_a_gap() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))

    numbers = [int(path.name[:4]) for path in decisions]

    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    "decision",
    sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")),
    ids=lambda path: path.name[:4],
)
def test_a_decision_says_why_and_what_would_change_it(decision: Path) -> None:
    headings = HEADING.findall(decision.read_text(encoding="utf-8"))

    assert headings[0].startswith(f"{int(decision.name[:4])}. ")
    assert headings[1:] == ["Context", "Decision", "Consequences", "What would change our mind"]


LIMIT = re.compile(r"^\| `([a-z_.]+)\.((?:[A-Z]\w+\.)?\w+)` \| ([\d ]+) \|", re.MULTILINE)


@pytest.mark.parametrize(
    ("module", "attribute", "value"),
    LIMIT.findall((ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")),
)
def test_a_limit_is_what_the_documentation_says(module: str, attribute: str, value: str) -> None:
    holder: Any = importlib.import_module(f"strikewire.{module}")
    table, _, name = attribute.rpartition(".")

    # A limit of a table of limits is that table's default.
    limit = getattr(getattr(holder, table)() if table else holder, name)

    assert limit == int(value.replace(" ", ""))


def test_the_readme_counts_methods_and_channels() -> None:
    reference = ROOT / "docs" / "reference"
    methods = json.loads((reference / "openrpc.json").read_text(encoding="utf-8"))["methods"]
    channels = json.loads((reference / "asyncapi.json").read_text(encoding="utf-8"))["channels"]

    shown = (ROOT / "README.md").read_text(encoding="utf-8")

    assert f"{len(methods)} methods over WebSocket and REST, {len(channels)} channels" in shown


def snippets(page: Path) -> list[str]:
    """Return the Python shown on a page."""
    return re.findall(
        r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.mark.parametrize("snippet", snippets(ROOT / "docs" / "STYLE.md"))
def test_a_snippet_of_the_style_guide_is_one_that_runs(snippet: str) -> None:
    folders = [ROOT / "examples" / "style", ROOT / "tests" / "examples" / "style"]
    files = [path for folder in folders for path in folder.glob("*.py")]

    assert any(snippet in dedented(path, snippet) for path in files)


def dedented(path: Path, snippet: str) -> str:
    """Return a file's text, less the indentation that a snippet has in it: a method's, say."""
    text = path.read_text(encoding="utf-8")
    first = re.escape(snippet.splitlines()[0])
    match = re.search(rf"^( *){first}$", text, re.MULTILINE)
    return re.sub(rf"^{match.group(1)}", "", text, flags=re.MULTILINE) if match else text
