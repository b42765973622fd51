"""The roles of the database. Rights are the roles'; logins and passwords are the operator's.

| role | may |
|---|---|
| comewatch_owner | own and change the tables; row-level security binds it too |
| comewatch_migrate | what the owner may, past row-level security: migrations of data |
| comewatch_rw | read and write rows of one tenant: the application |
| comewatch_report | connect; views of aggregates are granted to it one by one |
| comewatch_audit | connect; read the audit log and add to it, never change it |
"""

from __future__ import annotations

from psycopg import errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

OWNER = "comewatch_owner"
MIGRATE = "comewatch_migrate"
APP = "comewatch_rw"
REPORT = "comewatch_report"
AUDIT = "comewatch_audit"
ROLES = {
    OWNER: "NOLOGIN",
    MIGRATE: "NOLOGIN BYPASSRLS",
    APP: "LOGIN",
    REPORT: "LOGIN",
    AUDIT: "NOLOGIN",
}


class RolesError(Exception):
    """The login may not make the roles; the words say who could."""


def ensure(connection: Connection) -> None:
    """Make the roles that are missing and let this login act as them; RolesError when it may not."""
    try:
        with connection.begin_nested():
            _make_missing(connection)
            _let_us_act(connection)
            _open_the_database(connection)
    except DBAPIError as error:
        if isinstance(error.orig, errors.InsufficientPrivilege):
            raise RolesError(_told(connection)) from error
        raise


def _make_missing(connection: Connection) -> None:
    there = set(connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname LIKE 'comewatch%'")))
    for name, options in ROLES.items():
        if name not in there:
            connection.exec_driver_sql(f"CREATE ROLE {name} {options}")
    if MIGRATE not in there:
        connection.exec_driver_sql(f"GRANT {OWNER} TO {MIGRATE}")


def _let_us_act(connection: Connection) -> None:
    """A login that is no superuser needs membership, even of roles that it made."""
    for role in (OWNER, MIGRATE, APP):
        if not connection.scalar(text("SELECT pg_has_role(current_user, :role, 'SET')"), {"role": role}):
            connection.exec_driver_sql(f"GRANT {role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")


def _open_the_database(connection: Connection) -> None:
    name = connection.dialect.identifier_preparer.quote(
        str(connection.scalar(text("SELECT current_database()")))
    )
    if not connection.scalar(text("SELECT has_schema_privilege(:role, 'public', 'CREATE')"), {"role": OWNER}):
        connection.exec_driver_sql(f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}")
    for role in (APP, REPORT, AUDIT):
        if not connection.scalar(
            text("SELECT has_database_privilege(:role, current_database(), 'CONNECT')"), {"role": role}
        ):
            connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {name} TO {role}")


def _told(connection: Connection) -> str:
    login = connection.scalar(text("SELECT current_user"))
    made = "; ".join(f"CREATE ROLE {name} {options}" for name, options in ROLES.items())
    return (
        f"The login {login} may not set up the roles of Come Watch. Give DATABASE_OWNER_URL a superuser's login, "
        f"or let a superuser run: {made}; GRANT {OWNER} TO {MIGRATE}; "
        f'GRANT {OWNER}, {MIGRATE}, {APP} TO "{login}"; GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}'
    )
