"""The environment becomes one frozen object, or one message with every fault in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from service.settings import Settings, SettingsError

SECRET = "kept-to-ourselves-kept-to-ourselves"


@pytest.fixture
def complete(token_key: str) -> dict[str, str]:
    return {
        "DATABASE_URL": f"postgresql+psycopg://app:{SECRET}@/comewatch",
        "SECRET_KEY": SECRET,
        "TOKEN_KEY": token_key,
        "S3_ENDPOINT": "http://127.0.0.1:9000",
        "S3_ACCESS_KEY": "access",
        "S3_SECRET_KEY": SECRET,
    }


def test_what_is_not_said_has_a_default(complete: dict[str, str]) -> None:
    settings = Settings.from_environment(complete)
    assert settings.database_owner_url == settings.database_url
    assert settings.s3_public_endpoint == settings.s3_endpoint
    assert (settings.prepared_statements, settings.pool_size, settings.development) == (True, 10, False)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as told:
        Settings.from_environment({"DATABASE_POOL_SIZE": "many", "DATABASE_URL": "mysql://"})
    for name in (
        "DATABASE_URL",
        "DATABASE_POOL_SIZE",
        "SECRET_KEY",
        "TOKEN_KEY",
        "S3_ENDPOINT",
        "S3_SECRET_KEY",
    ):
        assert f"  {name}: " in str(told.value)


def test_a_short_secret_is_refused_without_being_repeated(complete: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY") as told:
        Settings.from_environment(complete | {"SECRET_KEY": "too-short-a-secret"})
    assert "too-short-a-secret" not in str(told.value)


def test_no_secret_shows_in_repr(complete: dict[str, str]) -> None:
    shown = repr(Settings.from_environment(complete))
    assert SECRET not in shown
    assert "PRIVATE KEY" not in shown


def test_the_token_key_may_lie_in_a_file(complete: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(complete.pop("TOKEN_KEY"))
    settings = Settings.from_environment(complete | {"TOKEN_KEY_FILE": str(path)})
    assert settings.token_key == path.read_text()


def test_a_token_key_file_that_is_missing_is_a_fault(complete: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TOKEN_KEY_FILE: is no file"):
        Settings.from_environment(complete | {"TOKEN_KEY_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("private", [True, False])
def test_only_a_private_key_on_p256_signs_tokens(complete: dict[str, str], private: bool) -> None:
    curve = "P-384" if private else "P-256"
    pem = ECKey.generate_key(curve, private=True).as_pem(private=private).decode()
    with pytest.raises(SettingsError, match="private key on the curve P-256"):
        Settings.from_environment(complete | {"TOKEN_KEY": pem})


def test_a_running_instance_fills_what_the_environment_lacks(
    complete: dict[str, str], tmp_path: Path
) -> None:
    lines = [f"{name}={value}".replace("\n", "\\n") for name, value in complete.items()]
    (tmp_path / "environment").write_text("\n".join(lines))
    settings = Settings.from_environment({"COMEWATCH_HOME": str(tmp_path), "S3_BUCKET": "mine"})
    assert settings.s3_bucket == "mine"
    assert settings.token_key == complete["TOKEN_KEY"]


def test_libpq_is_given_an_address_in_its_own_words(complete: dict[str, str]) -> None:
    settings = Settings.from_environment(complete)
    assert settings.database_conninfo == f"postgresql://app:{SECRET}@/comewatch"


@pytest.mark.parametrize("address", ["/run/clamd", "tcp://127.0.0.1:3310", "tcp://[::1]:3310"])
def test_a_scanner_is_named_by_port_or_by_path(complete: dict[str, str], address: str) -> None:
    assert Settings.from_environment(complete | {"CLAMD": address}).clamd == address


@pytest.mark.parametrize("address", ["clamd", "tcp://somewhere", "http://127.0.0.1:3310", "tcp://host:port"])
def test_a_scanner_that_cannot_be_reached_is_a_fault(complete: dict[str, str], address: str) -> None:
    with pytest.raises(SettingsError, match="CLAMD"):
        Settings.from_environment(complete | {"CLAMD": address})
