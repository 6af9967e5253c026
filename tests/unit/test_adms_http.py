from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.adms_vectors import BAD_REQUESTS, REQUESTS, RequestVector

from devices.adms.http import (
    CONTINUE,
    MAX_HEAD,
    HttpError,
    HttpRequest,
    HttpResponse,
    RequestReader,
    ResponseReader,
)
from devices.errors import MisuseError

names = st.from_regex(r"X-[A-Za-z]{1,8}", fullmatch=True).map(str.lower)
values = st.from_regex(r"[!-~]{1,12}", fullmatch=True)
targets = st.from_regex(r"/[!-~]{0,20}( [!-~]{1,8})?", fullmatch=True)
requests = st.builds(
    lambda method, target, headers, body: HttpRequest(
        method=method, target=target, headers=headers, body=body
    ),
    st.sampled_from(["POST", "PUT"]),
    targets.filter(lambda text: not text.split(" ")[-1].startswith("HTTP/")),
    st.lists(st.tuples(names, values), max_size=4).map(tuple),
    st.binary(min_size=1, max_size=300),
)


def parsed(vector: RequestVector) -> tuple[str, bytes, bool]:
    return vector.method, vector.body, vector.keeps_alive


def seen(request: HttpRequest) -> tuple[str, bytes, bool]:
    return request.method, request.body, request.keeps_alive


@pytest.mark.parametrize("vector", REQUESTS, ids=lambda v: v.name)
def test_requests_whole_and_split_at_every_byte(vector: RequestVector) -> None:
    whole = RequestReader().feed(vector.wire)
    assert [seen(request) for request in whole] == [parsed(vector)]
    for cut in range(1, len(vector.wire)):
        reader = RequestReader()
        found = reader.feed(vector.wire[:cut]) + reader.feed(vector.wire[cut:])
        assert found == whole
        assert reader.idle


def test_requests_glued_and_byte_by_byte() -> None:
    stream = b"\r\n".join(vector.wire for vector in REQUESTS)
    reader = RequestReader()
    found = [r for at in range(len(stream)) for r in reader.feed(stream[at : at + 1])]
    assert [seen(request) for request in found] == [parsed(v) for v in REQUESTS]
    assert RequestReader().feed(stream) == found


@pytest.mark.parametrize("cut", [0, 1])
@pytest.mark.parametrize(("wire", "status"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_what_cannot_be_read_ends_the_connection(
    wire: bytes, status: int, cut: int
) -> None:
    reader = RequestReader()
    with pytest.raises(HttpError) as caught:
        _ = [reader.feed(wire[at : at + 1 + 999 * cut]) for at in range(len(wire))]
    assert caught.value.status == status
    assert reader.feed(REQUESTS[0].wire) == []


def test_a_request_before_a_bad_one_is_not_lost_by_reading_it_first() -> None:
    reader = RequestReader()
    assert len(reader.feed(REQUESTS[0].wire)) == 1
    with pytest.raises(HttpError):
        reader.feed(b"noise\r\n\r\n")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * MAX_HEAD,
        b"GET /a HTTP/1.1\r\n" + b"X: y\r\n" * 4000,
        b"GET /a HTTP/1.1\r\nX: " + b"y" * MAX_HEAD + b"\r\n\r\n",
    ],
)
def test_a_head_is_bounded(head: bytes) -> None:
    with pytest.raises(HttpError) as caught:
        RequestReader().feed(head)
    assert caught.value.status == 431


def test_empty_lines_alone_are_bounded() -> None:
    with pytest.raises(HttpError):
        RequestReader().feed(b"\r\n" * 100)


def test_a_body_of_more_than_the_limit_is_refused_before_it_is_read() -> None:
    reader = RequestReader(max_body=10)
    with pytest.raises(HttpError) as caught:
        reader.feed(b"POST /a HTTP/1.1\r\nContent-Length: 11\r\n\r\n")
    assert caught.value.status == 413
    chunked = RequestReader(max_body=10)
    start = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with pytest.raises(HttpError):
        chunked.feed(start + b"8\r\n12345678\r\n3\r\n")


def test_who_expects_to_be_asked_for_the_body_is_asked_once() -> None:
    reader = RequestReader()
    head = b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    assert reader.feed(head) == []
    assert reader.take_continue()
    assert not reader.take_continue()
    assert [request.body for request in reader.feed(b"ab")] == [b"ab"]
    assert reader.feed(head + b"cd")[0].body == b"cd"
    assert not reader.take_continue()


def test_a_folded_header_and_a_line_without_colon_do_no_harm() -> None:
    wire = b"GET /a HTTP/1.1\r\nX: one\r\n two\r\nnonsense\r\nY:z\r\n\r\n"
    (request,) = RequestReader().feed(wire)
    assert request.headers == (("x", "one two"), ("y", "z"))


def test_the_end_within_a_request_is_told_and_between_two_is_not() -> None:
    reader = RequestReader()
    assert reader.feed_end() == []
    reader.feed(b"GET /a")
    with pytest.raises(HttpError):
        reader.feed_end()


@given(requests)
def test_requests_there_and_back(request: HttpRequest) -> None:
    (back,) = RequestReader().feed(request.encode())
    length = ("content-length", str(len(request.body)))
    assert back.headers == (*request.headers, length)
    assert (back.method, back.target, back.body) == (
        request.method,
        request.target,
        request.body,
    )


@given(st.integers(200, 599).filter(lambda n: n not in {204, 304}), st.binary())
def test_responses_there_and_back(status: int, body: bytes) -> None:
    (back,) = ResponseReader().feed(HttpResponse(status=status, body=body).encode())
    assert (back.status, back.body) == (status, body)


def test_a_response_of_an_old_server_ends_with_the_connection() -> None:
    reader = ResponseReader()
    assert reader.feed(CONTINUE)[0].status == 100
    assert reader.feed(b"HTTP/1.0 200 OK\n\nOK") == []
    (response,) = reader.feed_end()
    assert (response.status, response.body) == (200, b"OK")
    assert not response.keeps_alive


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_noise_never_breaks_a_reader(parts: list[bytes]) -> None:
    for reader in (RequestReader(max_body=100), ResponseReader(max_body=100)):
        with suppress(HttpError):  # anything else is a bug
            for part in parts:
                reader.feed(part)
            reader.feed_end()
        assert len(reader._buffer) <= 600


def test_a_header_cannot_end_its_line() -> None:
    with pytest.raises(MisuseError):
        HttpResponse(status=200, headers=(("X", "a\r\nSet-Cookie: b"),)).encode()
