"""What the machine tells the programme: one frozen object, read once, all faults told at once.

Nobody else reads `os.environ`. A running development instance leaves its environment in
`COMEWATCH_HOME/environment`, so that a command in another shell speaks to the same servers.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environs import Env, EnvValidationError, ValidationError, validate
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

DEFAULT_HOME = ".comewatch"
ENVIRONMENT_FILE = "environment"
Network = IPv4Network | IPv6Network
PUSH_HOSTS = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.notify.windows.com",
    "web.push.apple.com",
)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """The environment does not describe a service: one line for each fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one process. Secrets, and addresses that may hold a password, stay out of `repr`."""

    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    prepared_statements: bool
    pool_size: int
    home: Path
    public_url: str
    development: bool
    secret_key: bytes = field(repr=False)
    token_key: str = field(repr=False)
    s3_endpoint: str
    s3_public_endpoint: str
    s3_access_key: str = field(repr=False)
    s3_secret_key: str = field(repr=False)
    s3_bucket: str
    s3_region: str
    upload_origins: tuple[str, ...]
    app_addresses: tuple[str, ...]
    passkey_origins: tuple[str, ...]
    media_file_mib: int
    media_person_mib: int
    media_tenant_mib: int
    live_url: str | None
    live_hint_socket: Path | None
    clamd: str | None
    rate_limit_store: str
    rate_limit_person: int
    rate_limit_app: int
    rate_limit_tenant: int
    rate_limit_address: int
    rate_limit_sign_in: int
    rate_limit_account: int
    trusted_proxies: tuple[Network, ...]
    smtp_url: str | None = field(repr=False)
    smtp_ca_file: Path | None
    mail_from: str | None
    vapid_key: str | None = field(repr=False)
    push_hosts: tuple[str, ...]
    log_level: str

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read `env`, or the process environment; raise `SettingsError` naming every fault."""
        source = Source(_with_running_instance(os.environ if env is None else env, ambient=env is None))
        values = _read(source)
        try:
            source.seal()
        except EnvValidationError as error:
            raise SettingsError(told(error)) from None
        return cls(**values)

    @property
    def pages(self) -> tuple[str, ...]:
        """The origins whose pages may upload and play."""
        return (self.public_url, *self.upload_origins)

    @property
    def database_conninfo(self) -> str:
        """`database_url` in the words of libpq, for code that speaks psycopg without SQLAlchemy."""
        return self.database_url.replace("postgresql+psycopg://", "postgresql://", 1)


def variables() -> frozenset[str]:
    """The names of all environment variables that settings are read from."""
    source = Source({})
    _read(source)
    return frozenset(source.asked)


_positive = validate.Range(min=1)
_or_none = validate.Range(min=0)
_in_parts = validate.Range(min=1, max=50_000)  # S3 takes 10,000 parts of a file; ours have 5 MiB


class Source(Env):
    """environs over a mapping of ours instead of the process's environment."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(eager=False)
        # Empty counts as not said: compose files and CI hand on empty values for what nobody set.
        self._mapping = {name: value for name, value in values.items() if value}
        self.asked: set[str] = set()

    def has(self, name: str) -> bool:
        return name in self._mapping

    def _get_value(self, env_key: str, default: Any) -> Any:
        self.asked.add(env_key)
        return self._mapping.get(env_key, default)


def _read(env: Source) -> dict[str, Any]:
    database_url = env.str("DATABASE_URL", validate=_postgresql)
    s3_endpoint = env.str("S3_ENDPOINT", validate=validate.URL(require_tld=False))
    return {
        "database_url": database_url,
        "database_owner_url": env.str("DATABASE_OWNER_URL", database_url, validate=_postgresql),
        "prepared_statements": env.bool("DATABASE_PREPARED_STATEMENTS", True),
        "pool_size": env.int("DATABASE_POOL_SIZE", 10, validate=validate.Range(min=1)),
        "home": env.path("COMEWATCH_HOME", Path(DEFAULT_HOME)).absolute(),
        "public_url": (
            env.str("PUBLIC_URL", "http://127.0.0.1:8080", validate=validate.URL(require_tld=False)) or ""
        ).rstrip("/"),
        "development": env.bool("COMEWATCH_DEVELOPMENT", False),
        "secret_key": (env.str("SECRET_KEY", validate=validate.Length(min=32)) or "").encode(),
        "token_key": _token_key(env),
        "s3_endpoint": s3_endpoint,
        "s3_public_endpoint": env.str(
            "S3_PUBLIC_ENDPOINT", s3_endpoint, validate=validate.URL(require_tld=False)
        ),
        "s3_access_key": env.str("S3_ACCESS_KEY"),
        "s3_secret_key": env.str("S3_SECRET_KEY"),
        "s3_bucket": env.str("S3_BUCKET", "comewatch-media"),
        "s3_region": env.str("S3_REGION", "us-east-1"),
        "upload_origins": tuple(env.list("UPLOAD_ORIGINS", [], validate=_origins)),
        "app_addresses": tuple(env.list("APP_ADDRESSES", [], validate=_app_addresses)),
        "passkey_origins": tuple(env.list("PASSKEY_ORIGINS", [], validate=_passkey_origins)),
        "media_file_mib": env.int("MEDIA_FILE_MIB", 4 * 1024, validate=_in_parts),
        "media_person_mib": env.int("MEDIA_PERSON_MIB", 50 * 1024, validate=_positive),
        "media_tenant_mib": env.int("MEDIA_TENANT_MIB", 2 * 1024 * 1024, validate=_in_parts),
        "live_url": env.str("LIVE_URL", None, validate=_live_url),
        "live_hint_socket": env.path("LIVE_HINT_SOCKET", None),
        "clamd": env.str("CLAMD", None, validate=_scanner),
        "rate_limit_store": env.str("RATE_LIMIT_STORE", "memory://", validate=_counter),
        "rate_limit_person": env.int("RATE_LIMIT_PERSON", 1_200, validate=_or_none),
        "rate_limit_app": env.int("RATE_LIMIT_APP", 12_000, validate=_or_none),
        "rate_limit_tenant": env.int("RATE_LIMIT_TENANT", 120_000, validate=_or_none),
        "rate_limit_address": env.int("RATE_LIMIT_ADDRESS", 6_000, validate=_or_none),
        "rate_limit_sign_in": env.int("RATE_LIMIT_SIGN_IN", 120, validate=_or_none),
        "rate_limit_account": env.int("RATE_LIMIT_ACCOUNT", 10, validate=_or_none),
        "trusted_proxies": _networks(env.list("TRUSTED_PROXIES", [], validate=_are_networks)),
        "smtp_url": env.str("SMTP_URL", None, validate=_mail_server),
        "smtp_ca_file": env.path("SMTP_CA_FILE", None, validate=_authorities),
        "mail_from": _mail_from(env),
        "vapid_key": (env.str("VAPID_KEY", None, validate=_p256_or_none) or "").replace("\\n", "\n") or None,
        "push_hosts": tuple(env.list("PUSH_HOSTS", list(PUSH_HOSTS), validate=_push_hosts)),
        "log_level": env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(LOG_LEVELS)),
    }


def _mail_from(env: Source) -> str | None:
    return env.str("MAIL_FROM", *(() if env.has("SMTP_URL") else (None,)), validate=_sender)


def _token_key(env: Source) -> str | None:
    path: Path | None = env.path("TOKEN_KEY_FILE", None, validate=_p256_file)
    if env.has("TOKEN_KEY_FILE"):
        return path.read_text() if path is not None else None
    pem = env.str("TOKEN_KEY", validate=_p256)
    # One line in an environment file: the PEM's line ends are written as \n there.
    return pem and pem.replace("\\n", "\n")


def _p256_file(path: Path) -> None:
    if not path.is_file():
        raise ValidationError("is no file that can be read")
    _p256(path.read_text())


def _p256_or_none(pem: str | None) -> None:
    if pem is not None:
        _p256(pem)


def _p256(pem: str) -> None:
    try:
        key = ECKey.import_key(pem.replace("\\n", "\n"))
    except (JoseError, ValueError):
        raise ValidationError("is no private key in PEM") from None
    if key.curve_name != "P-256" or not key.is_private:
        raise ValidationError("must be a private key on the curve P-256")


def _live_url(url: str | None) -> None:
    if url is not None:
        validate.URL(require_tld=False)(url)


def _scanner(address: str | None) -> None:
    if address is not None and not re.fullmatch(r"/.+|tcp://[^/:]+:\d+|tcp://\[[^/]+\]:\d+", address):
        raise ValidationError("must be tcp://host:port, or the path of a socket")


def _counter(store: str) -> None:
    if store != "memory://" and not re.match(r"rediss?(\+unix)?://.", store):
        raise ValidationError("must be memory://, or redis://host:port (rediss:// with TLS)")
    if store != "memory://" and find_spec("redis") is None:
        raise ValidationError("needs the package redis: pip install redis")


def _are_networks(said: list[str]) -> None:
    for network in said:
        try:
            ip_network(network)
        except ValueError as fault:
            raise ValidationError(f"must be addresses or networks such as 10.0.0.0/8: {fault}") from None


def _networks(said: list[str] | None) -> tuple[Network, ...] | None:
    try:
        return tuple(ip_network(network) for network in said or ())
    except ValueError:  # told by then
        return None


def _mail_server(url: str | None) -> None:
    if url is None:
        return
    where = urlsplit(url)
    if where.scheme not in {"smtp", "smtps", "smtp+starttls"} or not where.hostname:
        raise ValidationError(
            "must be smtp://host:port, smtps://... or smtp+starttls://user:password@host:port"
        )
    if where.password and where.scheme == "smtp":
        raise ValidationError("would send its password in clear: use smtps:// or smtp+starttls://")


def _authorities(path: Path | None) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as fault:
        raise ValidationError(f"must be a file of certificates in PEM: {fault}") from None


def _sender(sender: str | None) -> None:
    if sender is not None and not re.fullmatch(r"[^@\r\n]+@[^@\s<>]+>?", sender):
        raise ValidationError("must be an address such as Come Watch <no-reply@school.example>")


def _push_hosts(hosts: list[str]) -> None:
    for host in hosts:
        if not re.fullmatch(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+", host):
            raise ValidationError(
                f"{host} must be a host such as fcm.googleapis.com, or *.notify.windows.com"
            )


def _origins(origins: list[str]) -> None:
    for origin in origins:
        validate.URL(require_tld=False)(origin)
        if urlsplit(origin).path or urlsplit(origin).query:
            raise ValidationError(f"{origin} must be an origin such as https://app.example, without a path")


def _app_addresses(addresses: list[str]) -> None:
    for address in addresses:
        parts = urlsplit(address)
        if not parts.scheme or parts.fragment or parts.scheme in ("http", "javascript", "data", "file"):
            raise ValidationError(f"{address} must be an app's own address, such as comewatch://signed-in")


def _passkey_origins(origins: list[str]) -> None:
    for origin in origins:
        if not re.fullmatch(r"https://[^/?#]+|(android|ios):[\w:.-]+", origin):
            raise ValidationError(f"{origin} must be https://app.example, or android:apk-key-hash:...")


def _postgresql(url: str) -> None:
    if not url.startswith(("postgresql://", "postgresql+psycopg://")):
        raise ValidationError("must start with postgresql:// or postgresql+psycopg://")


def _with_running_instance(env: Mapping[str, str], *, ambient: bool) -> Mapping[str, str]:
    """Fill what `env` lacks from the running development instance, if there is one."""
    home = env.get("COMEWATCH_HOME") or (DEFAULT_HOME if ambient else "")
    path = Path(home) / ENVIRONMENT_FILE
    if not home or not path.is_file():
        return env
    lines = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {**{name: value for name, _, value in lines}, **env}


def told(error: EnvValidationError) -> str:
    faults = error.error_messages if isinstance(error.error_messages, dict) else {"environment": [str(error)]}
    lines = [f"  {name}: {' '.join(map(str, messages))}" for name, messages in sorted(faults.items())]
    return "\n".join(["The settings are not complete (docs/settings.md):", *lines])
