"""The bench itself, at a size of seconds: figures come out, counts agree, and what must be noticed is noticed. Nothing is timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench.loading import Template
from tests.bench.ours import IDS, OF_A_NOTE, OurPlace, Ours
from tests.bench.page import BEGIN, END, write
from tests.bench.place import Read, skipped
from tests.bench.rig import Rig
from tests.bench.table import TARGETS, met, tell
from tests.bench.wire import Script, WireError, drive, request
from tests.bench.works import WORKS, CountError, Figure, Round, Sizes, medians

TINY = Sizes(
    24,
    60,
    60,
    writers=2,
    crowd=3,
    pairs=3,
    nothing=4,
    increments=10,
    listeners=3,
    pokes=2,
    pulls=10,
    scopes=3,
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    """Our server as the bench starts it, PostgreSQL and all."""
    rig = Rig(tmp_path_factory.mktemp("bench"))
    rig.start()
    server = Ours(rig)
    server.api.start_patience = server.streams.start_patience = 300  # other tests may fill the machine
    try:
        server.start()
        yield server
    finally:
        server.stop()
        rig.stop()


@pytest.fixture(scope="module")
def figures(ours: Ours) -> dict[str, list[Figure]]:
    """What each work gives."""
    return {
        work: [*do(round_ := Round(ours, ours.rig.pid, TINY)), *ours.also(work, round_)]
        for work, do in WORKS.items()
    }


@pytest.mark.parametrize("work", WORKS)
def test_each_work_gives_its_figures(figures: dict[str, list[Figure]], work: str) -> None:
    assert figures[work]
    assert all(one.line.startswith(work) and one.unit for one in figures[work])
    assert all(one.value > 0 for one in figures[work] if not at_rest(one.line))


def at_rest(line: str) -> bool:
    """Lines that are good at 0, and processor times, whose clock ticks too slowly for so little."""
    return line in ("W1 told to come again", "W3 acknowledged rows skipped") or "CPU" in line


def test_what_the_server_holds_is_counted_where_it_lies(ours: Ours) -> None:
    place = ours.place(1)
    drive(ours.address, [place.push(0, 0, 7)])
    assert place.stored() == 7
    assert drive(ours.address, [place.pull(0)]).results == [7]


def test_a_server_that_loses_notes_is_found_out(ours: Ours) -> None:
    class Forgetful(OurPlace):
        def stored(self) -> int:
            return super().stored() - 1

    class Loser:
        name, slow, address, pids = "loser", 1, ours.address, ours.pids

        def place(self, clients: int) -> OurPlace:
            return Forgetful(ours, clients, "draft")

    with pytest.raises(CountError, match="W1: the counts do not agree"):
        list(Round(Loser(), ours.rig.pid, TINY).w1())  # type: ignore[arg-type]  # a double


def test_rows_that_a_reader_skips_are_counted(ours: Ours) -> None:
    """A reader who asks from a later point than she was told misses what lies between."""
    place = ours.place(3)
    (first,) = drive(ours.address, [place.pairs(0, 0, 3)]).results
    (second,) = drive(ours.address, [place.pairs(1, 3, 3)]).results
    honest = drive(ours.address, [place.onward(0, first), place.onward(1, second)]).results
    assert skipped(honest, IDS) == set()
    careless = Read(since=second.since)
    (late,) = drive(ours.address, [place.onward(2, careless)]).results
    assert skipped([*honest, late], IDS) == {place.id(number) for number in range(6)}


def test_a_million_notes_would_read_back_right(ours: Ours) -> None:
    """What is loaded by SQL is pulled as what is pushed, and a wrong number would show in the digest."""
    place = ours.place(1)
    template = place.load(5)
    answers: list[bytes] = []

    def read() -> Script[None]:
        answers.append((yield place.pulling(0, None)).good())
        digest = request("GET", "/v1/sync/digest?collection=notes", headers=place.phones[0])
        answers.append((yield digest).good())

    drive(ours.address, [read()])
    assert answers[0].count(OF_A_NOTE) == 5
    assert all(record_id.encode() in answers[0] for record_id, _ in template.copies(4))
    assert template.digest(4).encode() in answers[1]
    wrong = Template(template.tenant_id, template.id, template.seq + 1)
    assert wrong.digest(4).encode() not in answers[1]


def test_an_error_of_the_server_ends_the_work(ours: Ours) -> None:
    def lost() -> Script[bytes]:
        return (yield request("GET", "/v1/nowhere")).good()

    with pytest.raises(WireError, match="HTTP 404"):
        drive(ours.address, [lost()])


def rounds(*values: float) -> Sequence[Figure]:
    return medians(Figure("W1 push", value, "docs/s") for value in values)


def test_the_median_stands_in_the_table_with_its_target_and_ratio() -> None:
    results = {"ours": rounds(9_000, 13_000, 12_500), "kinto": rounds(50, 40, 60)}
    console = Console(width=200, file=StringIO())
    with console.capture() as printed:
        tell(console, results)
    text = printed.get()
    assert "12,500 docs/s" in text
    assert "250.00x" in text
    assert "at least 12,000 met" in text
    assert not met(Figure("W1 push", 11_999, "docs/s"))
    assert met(Figure("W3 acknowledged rows skipped", 0, "of 640"))
    assert not met(Figure("W3 acknowledged rows skipped", 1, "of 640"))


def test_every_target_is_a_line_of_the_works(figures: dict[str, list[Figure]]) -> None:
    """A line that is renamed must not lose its target: here with this run's sizes."""
    lines = {figure.line for found in figures.values() for figure in found}
    sizes = {"1,000,000": "60", "100,000": "60", "10,000": "24", "100 l": "3 l", "300": "3", "8 c": "2 c"}
    for target in TARGETS:
        here = target
        for real, tiny in sizes.items():
            here = here.replace(real, tiny)
        assert here in lines


def test_the_figures_stand_between_the_marks_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text(f"Before.\n{BEGIN}\nold\n{END}\nAfter.\n")
    write(page, {"ours": rounds(13_000), "kinto": rounds(50)}, 1)
    said = page.read_text()
    assert "| W1 push | 13,000 docs/s | 50 docs/s | at least 12,000 | met |" in said
    assert "old" not in said
    assert said.startswith("Before.\n")
    assert said.endswith("After.\n")
    page.write_text("No marks.")
    with pytest.raises(ValueError, match="nothing was written"):
        write(page, {}, 1)


def test_the_page_of_the_project_has_its_marks() -> None:
    text = (Path(__file__).parents[2] / "docs" / "speed.md").read_text()
    assert BEGIN in text
    assert END in text
