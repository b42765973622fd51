"""`make bench`: see `--help`, and docs/speed.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click
import orjson
from rich.console import Console

from service.dev.children import LaunchError
from tests.bench.installing import InstallError
from tests.bench.page import write
from tests.bench.rig import Rig
from tests.bench.run import CONTENDERS, FLOOR, ONCE, Plan, run
from tests.bench.table import Results, as_json, tell
from tests.bench.wire import WireError
from tests.bench.works import WORKS, CountError, Sizes

OUT = Console(soft_wrap=True, highlight=False)
HOME = Path(".bench")
ALL_WORKS = ",".join(work for work in WORKS if work != ONCE)
ALL_SERVERS = ",".join((*CONTENDERS, FLOOR))
EXAMPLES = """\b
Examples:
  make bench                                  everything, half an hour on two processors
  make bench WORKS=W1,W4 ONLY=ours ROUNDS=1   a quick look at two works on this server
  make bench WORKS=size ONLY=ours             a million notes, and what they cost
"""


@click.command(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXAMPLES)
@click.option("--works", default=ALL_WORKS, show_default=True, help=f"Which works; also: {ONCE}.")
@click.option("--only", default=ALL_SERVERS, show_default=True, help="Which servers.")
@click.option("--rounds", default=3, show_default=True, help="How often; the table shows medians.")
@click.option("--notes", default=10_000, show_default=True, help="How many notes W1 pushes.")
@click.option("--page", type=click.Path(path_type=Path), help="A page to put the figures into.")
def main(works: str, only: str, rounds: int, notes: int, page: Path | None) -> None:
    """Do the same work on this server and on others, on one PostgreSQL, and compare."""
    plan = Plan(_chosen(works, WORKS), _chosen(only, (*CONTENDERS, FLOOR)), rounds, Sizes(notes=notes))
    sys.exit(_measure(plan, page))


def _measure(plan: Plan, page: Path | None) -> int:
    """Run the plan and tell it; after a ctrl-C, what was measured by then."""
    rig = Rig(HOME.absolute())
    OUT.print("Starting PostgreSQL (fsync on).")
    done: list[Results] = []
    try:
        rig.start()
        for results in run(rig, plan, OUT.print):
            done.append(results)  # noqa: PERF402 - what is there must stay when it is stopped
    except (LaunchError, InstallError, WireError, CountError) as error:
        OUT.print(f"[red]{error}[/]\nLogs: {HOME / 'logs'}")
        return 1
    except KeyboardInterrupt:
        OUT.print(f"Stopped after {len(done)} of {plan.rounds} rounds.")
    finally:
        rig.stop()
    if done:
        _keep(done[-1], len(done), page)
    return 0 if len(done) == plan.rounds else 1


def _keep(results: Results, rounds: int, page: Path | None) -> None:
    tell(OUT, results)
    (HOME / "results.json").write_bytes(orjson.dumps(as_json(results), option=orjson.OPT_INDENT_2))
    if page is not None:
        write(page, results, rounds)
    OUT.print(f"Written to {HOME / 'results.json'}{f' and {page}' if page else ''}.")


def _chosen(said: str, known: Iterable[str]) -> list[str]:
    chosen = [word.strip() for word in said.split(",") if word.strip()]
    unknown = [word for word in chosen if word not in known]
    if unknown:
        raise click.BadParameter(f"{unknown[0]} is none of {', '.join(known)}.")
    return chosen


if __name__ == "__main__":
    os.environ.pop("DATABASE_URL", None)
    main()
