"""`comewatch media`: photos and recordings."""

from __future__ import annotations

import click

from service.cli.shell import as_json, say, settings_of_this_shell


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
    from service.media.bucket import RULES
    from service.media.store import Store

    settings = settings_of_this_shell()
    done = Store(settings).set_up(settings.pages)
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
