"""docs/openapi.json is what the service says of itself, and what it says is valid and honest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from service.api import documents
from service.app import openapi
from service.records import KINDS

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
PUBLIC = {
    "health",
    "list_problems",
    "explain_problem",
    "sign_in_by_code",
    "challenge_passkey",
    "find_providers",
    "sign_in_by_passkey",
    "ask_to_end_digest",
    "end_digest",
    "ask_for_link",
    "explain_link",
    "sign_in_by_link",
    "start_school_sign_in",
    "end_school_sign_in",
    "sign_in_from_school",
    "refresh",
    "calendar",
    "piece",
    "uppy_abort",
    "uppy_form",
    "uppy_join",
    "uppy_part",
    "uppy_parts",
    "uppy_start",
    "native_schema",
    "rxdb_schema",
    "watermelon_schema",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi()


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for path in document["paths"].values()
        for operation in path.values()
        if "responses" in operation
    ]


def test_the_committed_document_is_current(document: dict[str, Any]) -> None:
    assert documents.write(document) == COMMITTED.read_bytes(), "write it anew: python -m service.app"


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"
    broken = document | {"paths": {"/x": {"get": {"responses": {"200": {}}}}}}
    with pytest.raises(OpenAPIValidationError):
        validate(broken)


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert len(names) == len(set(names)) > 100
    assert [
        operation["operationId"] for operation in operations(document) if not operation.get("summary")
    ] == []


def test_every_operation_says_whether_it_wants_a_token(document: dict[str, Any]) -> None:
    public = {operation["operationId"] for operation in operations(document) if operation["security"] == []}
    signed_in = [operation for operation in operations(document) if operation["security"] == [{"bearer": []}]]
    assert public == PUBLIC
    assert len(public) + len(signed_in) == len(operations(document))
    assert all("401" in operation["responses"] for operation in signed_in)


def test_errors_are_problems(document: dict[str, Any]) -> None:
    components = document["components"]["responses"]
    for operation in operations(document):
        assert "default" in operation["responses"]
        for status, response in operation["responses"].items():
            if status == "default" or status >= "400":
                told = components[response["$ref"].rpartition("/")[2]] if "$ref" in response else response
                assert list(told["content"]) == ["application/problem+json"], (
                    operation["operationId"],
                    status,
                )


def test_objects_say_whether_they_take_more(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    silent = [name for name, schema in schemas.items() if "additionalProperties" not in schema]
    assert silent == []
    assert schemas["Note"]["additionalProperties"] is False
    assert schemas["Problem"]["additionalProperties"] is True


def test_every_kind_is_there_with_its_fields(document: dict[str, Any]) -> None:
    for name, kind in KINDS.items():
        words = document["components"]["schemas"][type(kind.schema).__name__.removesuffix("Schema")]
        assert set(words["properties"]) == set(kind.schema.fields), name
        assert {"get"} <= set(document["paths"][f"/v1/{name}"])
    note = document["components"]["schemas"]["Note"]["properties"]
    assert note["text"] == {"type": ["string", "null"], "minLength": 0, "maxLength": 20_000}
    assert note["created_by"]["readOnly"] is True
    assert document["components"]["schemas"]["Media"]["properties"]["reason"]["readOnly"] is True
    assert "id" not in document["components"]["schemas"]["NotePatch"]["properties"]
    assert "required" not in document["components"]["schemas"]["NotePatch"]
