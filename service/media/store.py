"""The object store: the only file that knows boto3. Keys in, bytes and signed addresses out.

Phones speak with the store directly, by addresses signed here for the public endpoint; a signature is arithmetic and
needs no store. Whatever else fails is one refusal, `unavailable`, after seconds rather than minutes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from schemas.problems import Problem, Refused
from service.logs import logger
from service.media.bucket import LIFECYCLE, Listed, Part, SetUp, cors
from service.media.patience import API, Patience, config_of
from service.settings import Settings

UPLOAD_LASTS = timedelta(minutes=15)
LINK_LASTS = timedelta(minutes=5)
RETRY_AFTER = 5
CHUNK = 1 << 16
FILE_PART = 16 << 20
"""In such pieces the worker stores what is larger; each may be sent again."""

_log = logger(__name__)
_ABSENT = {"404", "NoSuchKey", "NoSuchUpload", "NoSuchBucket", "NotFound"}


@dataclass(frozen=True, slots=True)
class Signed:
    """An address that works until `expires_at`; `headers` must be sent exactly so."""

    url: str
    expires_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


class AbsentError(Exception):
    """There is no such object, upload or bucket."""


class Store:
    """One bucket. Safe to share between threads; making one takes some 0.1 s, so make it once."""

    def __init__(self, settings: Settings, patience: Patience = API) -> None:
        self.bucket = settings.s3_bucket
        session = boto3.session.Session(
            aws_access_key_id=settings.s3_access_key,
            aws_secret_access_key=settings.s3_secret_key,
            region_name=settings.s3_region,
        )
        config = config_of(patience)
        self._client: Any = session.client("s3", endpoint_url=settings.s3_endpoint, config=config)
        # a signature covers the host, so what phones use is signed for the endpoint that phones reach
        self._signer: Any = session.client("s3", endpoint_url=settings.s3_public_endpoint, config=config)

    def set_up(self, origins: Sequence[str]) -> SetUp:
        """Make the bucket if there is none, let pages of `origins` use it, and have it forget what nobody ends.

        Said again, it changes what has changed.
        """
        with _answering():
            made = self._make_bucket()
            self._client.put_bucket_cors(Bucket=self.bucket, CORSConfiguration=cors(origins))
            self._client.put_bucket_lifecycle_configuration(
                Bucket=self.bucket, LifecycleConfiguration=LIFECYCLE
            )
        return SetUp(self.bucket, made, tuple(origins))

    def _make_bucket(self) -> bool:
        try:
            self._client.head_bucket(Bucket=self.bucket)
        except ClientError as fault:
            if _code(fault) not in _ABSENT:
                raise
            self._client.create_bucket(Bucket=self.bucket)
            return True
        return False

    def sign_put(self, key: str, media_type: str, size: int, sha256: str) -> Signed:
        """Where to PUT a whole file: type, length, checksum (hex) and that nothing is there yet are all signed."""
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        signed = {
            "ContentType": media_type,
            "ContentLength": size,
            "ChecksumSHA256": checksum,
            "IfNoneMatch": "*",
        }
        headers = {
            "Content-Type": media_type,
            "Content-Length": str(size),
            "x-amz-checksum-sha256": checksum,
            "If-None-Match": "*",
        }
        return self._sign("put_object", UPLOAD_LASTS, {"Key": key, **signed}, headers)

    def sign_form(self, key: str, media_type: str, size: int, sha256: str) -> Signed:
        """Where to POST a whole file as a form, whose fields are the `headers`: type, length and checksum are settled."""
        settled = {
            "Content-Type": media_type,
            "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode(),
        }
        conditions = [
            *({name: value} for name, value in settled.items()),
            ["content-length-range", size, size],
        ]
        expires_at = datetime.now(UTC) + UPLOAD_LASTS
        with _answering():
            form = self._signer.generate_presigned_post(
                self.bucket, key, settled, conditions, int(UPLOAD_LASTS.total_seconds())
            )
        return Signed(form["url"], expires_at, form["fields"])

    def sign_get(self, key: str, media_type: str, file_name: str, lasts: timedelta = LINK_LASTS) -> Signed:
        """Where to GET a file: always as a download, under our type whatever the store says."""
        disposition = f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
        shown = {"ResponseContentType": media_type, "ResponseContentDisposition": disposition}
        return self._sign("get_object", lasts, {"Key": key, **shown})

    def begin_parts(self, key: str, media_type: str) -> str:
        """The id of a large upload in parts: the one under way if there is one, so that a phone can go on."""
        return self.upload_id(key) or self._begin_parts(key, media_type)

    def upload_id(self, key: str) -> str | None:
        """The id of the upload under way; of several the oldest, so that everybody speaks of the same."""
        with _answering():
            answer = self._client.list_multipart_uploads(Bucket=self.bucket, Prefix=key)
        found = [
            (upload["Initiated"], upload["UploadId"])
            for upload in answer.get("Uploads", ())
            if upload["Key"] == key
        ]
        return min(found)[1] if found else None

    def sign_part(self, key: str, upload_id: str, number: int, size: int, md5: str | None = None) -> Signed:
        """Where to PUT part `number` (from 1): its length is signed, and its MD5 (hex) when it is known.

        MD5, as every store of this kind takes it for one part without being told when the upload begins.
        """
        part: dict[str, Any] = {
            "Key": key,
            "UploadId": upload_id,
            "PartNumber": number,
            "ContentLength": size,
        }
        headers = {"Content-Length": str(size)}
        if md5 is not None:
            headers["Content-MD5"] = part["ContentMD5"] = base64.b64encode(bytes.fromhex(md5)).decode()
        return self._sign("upload_part", UPLOAD_LASTS, part, headers)

    def parts(self, key: str, upload_id: str) -> list[Part]:
        """The parts that have arrived, by number. Raises AbsentError when there is no such upload."""
        with _answering():
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=self.bucket, Key=key, UploadId=upload_id
            )
            return [
                Part(part["PartNumber"], part["Size"], part["ETag"].strip('"'), part["LastModified"])
                for page in pages
                for part in page.get("Parts", ())
            ]

    def complete_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make one object of the parts. Said twice, the second time changes nothing."""
        listed = [
            {"PartNumber": part.number, "ETag": part.etag}
            for part in sorted(parts, key=lambda part: part.number)
        ]
        try:
            with _answering():
                self._client.complete_multipart_upload(
                    Bucket=self.bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": listed}
                )
        except AbsentError:
            self.size(key)

    def abort_parts(self, key: str) -> None:
        """Forget every upload under way to this key, and the parts that arrived."""
        while upload_id := self.upload_id(key):
            with _answering():
                self._client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)

    def size(self, key: str) -> int:
        """The object's size in bytes. Raises AbsentError."""
        with _answering():
            return int(self._client.head_object(Bucket=self.bucket, Key=key)["ContentLength"])

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The object's bytes in pieces, or `length` of them from `start`. Raises AbsentError."""
        wanted = {} if start == 0 and length is None else {"Range": _range(start, length)}
        with _answering():
            body = self._client.get_object(Bucket=self.bucket, Key=key, **wanted)["Body"]
            try:
                yield from body.iter_chunks(CHUNK)
            finally:
                body.close()

    def fetch(self, key: str, path: Path) -> None:
        """Write the object to a file. Raises AbsentError."""
        with path.open("wb") as file:
            for piece in self.read(key):
                file.write(piece)

    def put(self, key: str, content: bytes, media_type: str) -> None:
        """Store an object; one that was there is replaced."""
        with _answering():
            self._client.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType=media_type)

    def put_file(self, key: str, path: Path, media_type: str) -> None:
        """Store a file however large, in parts; it is there as a whole or not at all."""
        if path.stat().st_size > FILE_PART:
            self.abort_parts(key)  # what a worker left that was killed over it
        parts = TransferConfig(
            multipart_threshold=FILE_PART, multipart_chunksize=FILE_PART, max_concurrency=2
        )
        with _answering():
            self._client.upload_file(
                str(path), self.bucket, key, ExtraArgs={"ContentType": media_type}, Config=parts
            )

    def delete(self, *keys: str) -> None:
        """Remove objects; those that are not there are no fault."""
        with _answering():
            for key in keys:
                self._client.delete_object(Bucket=self.bucket, Key=key)

    def erase_below(self, prefix: str) -> None:
        """Remove everything whose key begins so, with all that the store keeps of it: old versions, parts of begun uploads."""
        for upload in self.uploads(prefix):
            self.abort_parts(upload.key)
        with _answering():
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket, Prefix=prefix
            )
            for page in pages:
                for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    self._client.delete_object(
                        Bucket=self.bucket, Key=found["Key"], VersionId=found["VersionId"]
                    )

    def pages(self, prefix: str) -> Iterator[list[Listed]]:
        """The objects below `prefix` in the order of their keys, a thousand at a time."""
        with _answering():
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix
            ):
                yield [Listed(found["Key"], found["LastModified"]) for found in page.get("Contents", ())]

    def uploads(self, prefix: str) -> list[Listed]:
        """The uploads in parts under way below `prefix`, and when they began."""
        with _answering():
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.bucket, Prefix=prefix
            )
            return [
                Listed(upload["Key"], upload["Initiated"])
                for page in pages
                for upload in page.get("Uploads", ())
            ]

    def _begin_parts(self, key: str, media_type: str) -> str:
        with _answering():
            answer = self._client.create_multipart_upload(Bucket=self.bucket, Key=key, ContentType=media_type)
        # two may have begun at once: both then take the older
        return self.upload_id(key) or str(answer["UploadId"])

    def _sign(
        self,
        operation: str,
        lasts: timedelta,
        params: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> Signed:
        expires_at = datetime.now(UTC) + lasts
        with _answering():
            url = self._signer.generate_presigned_url(
                operation, Params={"Bucket": self.bucket, **params}, ExpiresIn=int(lasts.total_seconds())
            )
        return Signed(url, expires_at, headers or {})


@contextmanager
def _answering() -> Iterator[None]:
    """AbsentError when the store says so, `unavailable` for every other fault of the store or the way to it."""
    try:
        yield
    except ClientError as fault:
        if _code(fault) in _ABSENT:
            raise AbsentError(str(fault)) from fault
        raise _away(fault) from fault
    except (BotoCoreError, Boto3Error) as fault:
        raise _away(fault) from fault


def _away(fault: Exception) -> Refused:
    _log.warning("the object store does not answer", exception=type(fault).__name__)
    return Refused(
        Problem.UNAVAILABLE,
        "The store of photos and recordings does not answer.",
        extra={"retry_after": RETRY_AFTER},
    )


def _code(fault: ClientError) -> str:
    return str(fault.response.get("Error", {}).get("Code", ""))


def _range(start: int, length: int | None) -> str:
    return f"bytes={start}-" if length is None else f"bytes={start}-{start + length - 1}"
