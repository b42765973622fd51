"""The tables of the ways in beside codes: schools' own sign-in, passkeys, and whatever opens something once.

As in `models`, what must be known before the tenant is known is a reference table.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from service.accounts.models import Moment, Name, tenant

metadata = MetaData()

provider = Table(
    "identity_provider",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("issuer", Name, nullable=False),
    Column("client_id", Name, nullable=False),
    Column("sealed_secret", LargeBinary),  # none where the provider takes PKCE alone
    Column("links_by_verified_address", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Moment, nullable=False),
    info={"dist": "reference"},
)
Index("identity_provider_tenant", provider.c.tenant_id)

domain = Table(
    "login_domain",
    metadata,
    Column("domain", Name, primary_key=True),  # lower case; of one tenant only
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    info={"dist": "reference"},
)

provider_domain = Table(
    "provider_domain",
    metadata,
    Column("domain", ForeignKey(domain.c.domain), primary_key=True),
    Column("provider_id", ForeignKey(provider.c.id, ondelete="CASCADE"), primary_key=True),
    info={"dist": "reference"},
)
Index("provider_domain_provider", provider_domain.c.provider_id)

identity = Table(
    "identity",
    metadata,
    Column("tenant_id", ForeignKey(tenant.c.id), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("issuer", Name, nullable=False),
    Column("subject", Name, nullable=False),
    Column("person_id", Name, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    UniqueConstraint("tenant_id", "issuer", "subject", name="identity_of_issuer"),
    info={"dist": "tenant"},
)
Index("identity_person", identity.c.tenant_id, identity.c.person_id)

passkey = Table(
    "passkey",
    metadata,
    Column("id", Name, primary_key=True),  # the credential's own, in base64url
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("person_id", Name, nullable=False),
    Column("name", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("went_back_at", Moment),  # when its counter last fell: a copy of it may be about
    info={"dist": "reference"},
)
Index("passkey_person", passkey.c.tenant_id, passkey.c.person_id)

one_time = Table(
    "one_time_secret",
    metadata,
    Column("hash", Name, primary_key=True),  # SHA-256 in hex
    Column("purpose", Name, nullable=False),
    Column("about", JSON, nullable=False),
    Column("whose", Name),  # the person, where it is known and they are counted
    Column("expires_at", Moment, nullable=False),
    info={"dist": "reference"},
)
Index("one_time_secret_whose", one_time.c.whose, one_time.c.purpose)
Index("one_time_secret_expires", one_time.c.expires_at)
