"""`comewatch media setup`: it makes the bucket, says what it settled, and fails in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from service.settings import Settings
from tests.accounts.test_cli import Shell
from tests.conftest import environment
from tests.media.test_store import Store


@pytest.fixture
def shell(database_url: str, token_key: str, s3: Any, settings_with_s3: Settings) -> Iterator[Shell]:
    env = environment(database_url, token_key, s3)
    env |= {"S3_BUCKET": f"cw-test-{uuid4()}", "UPLOAD_ORIGINS": "https://app.example,https://b.example"}
    yield Shell(env)
    store = Store(Settings.from_environment(env))
    store._client.delete_bucket(Bucket=store.bucket)


def test_it_says_what_it_did_and_may_be_repeated(shell: Shell) -> None:
    first = shell.words("media", "setup").splitlines()
    bucket, endpoint = shell.env["S3_BUCKET"], shell.env["S3_ENDPOINT"]
    assert first == [
        f"{bucket} at {endpoint}: made.",
        "Pages that may upload: http://127.0.0.1:8080, https://app.example, https://b.example.",
        "Uploads that nobody ends are forgotten after 31 days.",
        "Old versions, where the bucket keeps any, are deleted after a day.",
    ]
    assert shell.words("media", "setup").splitlines() == [f"{bucket} at {endpoint}: was there.", *first[1:]]
    told = shell.told("media", "setup")
    assert (told["bucket"], told["made"], len(told["origins"])) == (bucket, False, 3)


@pytest.mark.parametrize(
    "wrong", [{"S3_ENDPOINT": "http://127.0.0.1:9"}, {"S3_SECRET_KEY": "another-secret"}]
)
def test_what_hinders_it_is_told(shell: Shell, wrong: dict[str, str]) -> None:
    shell.words("media", "setup")
    result = Shell(shell.env | wrong).run("media", "setup")
    assert (result.exit_code, result.stdout) == (1, "")
    endpoint = (shell.env | wrong)["S3_ENDPOINT"]
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"Error: The object store at {endpoint} does not answer, or")
