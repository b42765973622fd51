"""Doors whose address is the leave: with an address that is nobody's, nothing is there, whatever is said."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.api.test_hard_input import BY_LEAVE
from tests.builders import Caller

ODD = ["", "x", "A" * 150, "%C3%BC", "=", "...", "a" * 256]


@pytest.mark.parametrize("token", ODD)
@pytest.mark.parametrize("query", ["", "?key=a", "?key=a&nonsense=1", "?filename=x&type=y"])
def test_an_address_of_nobody(app: Flask, nobody: Caller, token: str, query: str) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(BY_LEAVE)]
    assert len(rules) == 7
    for rule in rules:
        path = re.sub(r"<int:[^>]+>", "1", rule.rule)
        path = re.sub(r"<[^>]+token>", token, path)
        path = re.sub(r"<[^>]+>", "anything", path)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = nobody.call(method, path + query, json={} if method == "POST" else None)
            assert answer.status_code in (404, 405, 422), (method, path, answer.data)
            assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("said", ["[]", '{"parts": 1}', "{", '{"parts": [{"PartNumber": 0}]}'])
def test_odd_words_are_told(nobody: Caller, said: str) -> None:
    path = "/v1/u/nobody/s3/multipart/some-upload/complete?key=a"
    answer = nobody.call("POST", path, data=said, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 404, 422)
