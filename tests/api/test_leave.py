"""Doors whose address is the leave: with an address that is nobody's, nothing is there, whatever is said."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.api.test_hard_input import BY_LEAVE
from tests.builders import Caller

ODD = ["", "x", "A" * 150, "%C3%BC", "=", "...", "a" * 256]
BELOW_AN_UPLOAD = {"uppy_part", "uppy_parts", "uppy_join", "uppy_abort"}
ODDLY_ASKED = {"piece", "calendar", "ask_to_end_digest", "end_digest"}
"""They know no query at all."""
FAULTY = {
    "": BELOW_AN_UPLOAD,
    "?key=a": ODDLY_ASKED | {"uppy_start", "uppy_join"},
    "?key=a&nonsense=1": ODDLY_ASKED | {"uppy_start", "uppy_join"},
    "?filename=x&type=y": ODDLY_ASKED | {"uppy_start"} | BELOW_AN_UPLOAD,
}
"""The doors that are told by each query what is missing or unknown, before it is asked whose the address is."""


@pytest.mark.parametrize("token", ODD)
@pytest.mark.parametrize("query", FAULTY)
def test_an_address_of_nobody(app: Flask, nobody: Caller, token: str, query: str) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(BY_LEAVE)]
    assert len(rules) == 10
    for rule in rules:
        path = re.sub(r"<int:[^>]+>", "1", rule.rule)
        path = re.sub(r"<[^>]+token>", token, path)
        path = re.sub(r"<[^>]+>", "anything", path)
        longest = int(re.findall(r"maxlength=(\d+)\):token", rule.rule)[0])
        faulty = 0 < len(token) <= longest and rule.endpoint.rpartition(".")[2] in FAULTY[query]
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = nobody.call(method, path + query, json={} if method == "POST" else None)
            assert answer.status_code == (422 if faulty else 404), (method, path, answer.data)
            assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("said", "status"),
    [("[]", 422), ('{"parts": 1}', 422), ("{", 400), ('{"parts": [{"PartNumber": 0}]}', 422)],
)
def test_odd_words_are_told(nobody: Caller, said: str, status: int) -> None:
    path = "/v1/u/nobody/s3/multipart/some-upload/complete?key=a"
    answer = nobody.call("POST", path, data=said, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
