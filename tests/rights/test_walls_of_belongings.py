"""Two walls stand around what people have beside records, the tenant in the statement and row-level security: either holds alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select, true

from service.accounts.ways import identity
from service.integrations.push.tables import subscription
from service.integrations.webhooks.tables import webhook
from tests import tenancy_guard
from tests.conftest import owner_url
from tests.rights.asking import Stage

TABLES = {
    "webhooks/ada": webhook,
    "push_subscriptions/hana": subscription,
    "identities/hana": identity,
}


def secure(stage: Stage, name: str, stands: bool) -> None:
    """Row-level security on the table of this belonging, or none."""
    url = owner_url(stage.near.services.settings.database_url).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as owner:
        does = "ENABLE" if stands else "DISABLE"
        owner.execute(f"ALTER TABLE {TABLES[name].name} {does} ROW LEVEL SECURITY".encode())


@pytest.fixture
def whole_again(stage: Stage) -> Iterator[None]:
    yield
    for name in TABLES:
        secure(stage, name, True)
    tenancy_guard.OFFENCES.clear()  # to ask without a tenant is the point here


@pytest.mark.usefixtures("whole_again")
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(("names_tenant", "is_secured"), list(product([True, False], repeat=2)))
def test_a_belonging_is_stopped_by_any_wall(
    stage: Stage, name: str, names_tenant: bool, is_secured: bool
) -> None:
    table, whose = TABLES[name], UUID(stage.far.ids[name])
    secure(stage, name, is_secured)
    its_tenant = table.c.tenant_id == stage.near.tenant_id if names_tenant else true()
    with stage.near.services.database.begin(stage.near.tenant_id) as connection:
        found = list(connection.execute(select(table.c.id).where(table.c.id == whose, its_tenant)).scalars())
    assert found == ([] if names_tenant or is_secured else [whose])
