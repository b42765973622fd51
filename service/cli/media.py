"""`comewatch media`: photos and recordings."""

from __future__ import annotations

from dataclasses import asdict

import click

from service.cli.shell import as_json, open_database, say, settings_of_this_shell


@click.group()
def media() -> None:
    """Photos and recordings."""


@media.command()
@as_json
def setup(as_json: bool) -> None:
    """Make the bucket, and tell the store its rules.

    Who may upload from a browser (PUBLIC_URL and UPLOAD_ORIGINS), when uploads that nobody ends are forgotten, and that
    old versions are not kept. Safe to repeat: do it after each change of these settings. The worker does it when it
    starts.

    \b
    Example:
      comewatch media setup
    """
    from schemas.problems import Refused
    from service.media.bucket import RULES
    from service.media.store import Store

    settings = settings_of_this_shell()
    try:
        done = Store(settings).set_up(settings.pages)
    except Refused as error:
        raise click.ClickException(
            f"The object store at {settings.s3_endpoint} does not answer, or does not let these keys do it:"
            " see S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY."
        ) from error
    words = [f"{done.bucket} at {settings.s3_endpoint}: {'made' if done.made else 'was there'}."]
    words.append("Pages that may upload: " + ", ".join(done.origins) + ".")
    words += [f"{rule}." for rule in RULES]
    told = {
        "bucket": done.bucket,
        "made": done.made,
        "origins": list(done.origins),
        "rules": list(RULES),
    }
    say(told, as_json, "\n".join(words))


@media.command()
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@as_json
def holds(slug: str, as_json: bool) -> None:
    """List what is held for an incident: nobody sees it, and nothing deletes it.

    \b
    Example:
      comewatch media holds --tenant riverbend
    """
    from service.accounts import directory
    from service.media.holds import held
    from service.records import KINDS
    from sync.server.push import Door

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            found = [asdict(one) for one in held(connection, Door(KINDS), tenant_id)]
    lines = [f"{one['id']}\tvisit {one['visit_id']}\theld by {one['held_by']}" for one in found]
    say(found, as_json, "\n".join(lines) or "Nothing is held.")


@media.command()
@click.argument("media_id")
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@as_json
def release(media_id: str, slug: str, as_json: bool) -> None:
    """Release the recording MEDIA_ID, once its incident is over.

    It is seen again; or deleted, where its time is over or consent to it was withdrawn meanwhile. Each clip that was held
    with it is released by itself.

    \b
    Example:
      comewatch media release 0198a2f0-film --tenant riverbend
    """
    from service.accounts import directory
    from service.accounts.apps.leave import scopes_of
    from service.integrations.webhooks.following import Webhooks
    from service.media import holds
    from service.records import KINDS
    from sync.clock import system_now
    from sync.server.push import Door

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            door = Door(KINDS, follower=Webhooks(scopes_of))
            state = holds.release(connection, door, tenant_id, media_id, system_now())
    say({"id": media_id, "state": state}, as_json, f"{media_id} is released: {state}.")
