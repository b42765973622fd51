"""What Uppy's S3 client says and hears, in its own words: members are named as it names them."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields, validate

from schemas.fields import Moment, Whole, Words
from schemas.media import MOST_PARTS


class Said(Schema):
    """Uppy sends what it knows of a file (name, type, metadata); the record says it already, so that is passed over."""

    class Meta:
        unknown = EXCLUDE


class CompanionSchema(Said):
    """Where to send one file, until `expires_at`: give `companion_url` to Uppy as `companionEndpoint`."""

    companion_url = fields.String(required=True)
    expires_at = Moment(required=True)


class UppyFileSchema(Said):
    """The file that Uppy thinks of: the record counts."""


class UppyKeySchema(Said):
    """The key that Uppy was told."""

    key = Words(1024, required=True)


class UppyFormSchema(Said):
    """Where to POST a small file, as a form."""

    method = fields.Constant("POST")
    url = fields.String(required=True)
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, data_key="fields", attribute="fields"
    )
    expires = Whole(metadata={"description": "Seconds from now."})


class UppyStartedSchema(Said):
    """The upload in parts."""

    key = fields.String(required=True)
    upload_id = fields.String(required=True, data_key="uploadId", attribute="upload_id")


class UppyUrlSchema(Said):
    """Where to PUT one part."""

    url = fields.String(required=True)


class UppyListedSchema(Said):
    """A part that has arrived."""

    part_number = Whole(1, MOST_PARTS, data_key="PartNumber", attribute="number")
    size = Whole(data_key="Size")
    etag = fields.String(data_key="ETag")


class UppyPartSchema(Said):
    """A part that was sent; the ETag with or without quotes."""

    number = Whole(1, MOST_PARTS, required=True, data_key="PartNumber")
    etag = Words(200, required=True, data_key="ETag")


class UppyJoinSchema(Said):
    """All parts are sent."""

    parts = fields.List(
        fields.Nested(UppyPartSchema), validate=validate.Length(max=MOST_PARTS), required=True
    )


class UppyObjectSchema(Said):
    """The file has arrived. It has no address: it is checked next, and shown by links of the record."""

    location = fields.String()
    bucket = fields.String()
    key = fields.String()
