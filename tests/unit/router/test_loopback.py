"""The real HAProxy with our configuration, between a client and hosts that misbehave in every way."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from router.loopback import Loopback, Upstream, config_hash, first_byte_s, haproxy_config
from tests.unit.router.standins import (
    LIMIT_S,
    Host,
    answers,
    ask,
    begin,
    free_port,
    request,
    running,
    silent,
    until,
)

pytestmark = pytest.mark.programs

SMALL, BIG = "small:1b", "big"


def upstream(port: int, *models: str, host: str = "127.0.0.1") -> Upstream:
    return Upstream(name=f"host at {port}", host=host, port=port, models=models, slots=2)


def pooling(*upstreams: Upstream) -> Loopback:
    limits = {model: LIMIT_S for one in upstreams for model in one.models}
    return Loopback(port=free_port(), upstreams=upstreams, first_byte_s=limits)


def pool(hosts: tuple[Host, Host]) -> Loopback:
    """Both serve the big model, the first one the small one too."""
    return pooling(upstream(hosts[0].port, SMALL, BIG), upstream(hosts[1].port, BIG))


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("404", "answered 404: it does not have the model"),
        ("429", "answered 429: it is busy"),
        ("500", "answered 500"),
        ("503", "answered 503: it is busy"),
        ("507", "a fault of its own"),
        ("empty", "broke the connection off"),
        ("reset", "broke the connection off"),
        ("hang", f"did not begin to answer within {LIMIT_S} s"),
    ],
)
def test_every_fault_becomes_the_one_answer(
    tmp_path: Path, hosts: tuple[Host, Host], how: str, why: str
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].how = how
        began = time.monotonic()
        response = begin(loopback, SMALL)
        message = json.load(response)["error"]["message"]
        assert time.monotonic() - began < LIMIT_S + 3
        assert response.status == 503
        assert response.headers["retry-after-ms"] == "1"
        assert message.startswith("service unavailable, try again: the GPU pool cannot answer (")
        assert why in message
        assert hosts[0].asked == [SMALL], "it was asked once, not again and again"
        assert hosts[1].asked == [], "it does not serve that model"


@pytest.mark.parametrize("how", ["empty", "reset"])
def test_a_client_that_keeps_its_connection_is_answered_too(
    tmp_path: Path, hosts: tuple[Host, Host], how: str
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        client = http.client.HTTPConnection("127.0.0.1", loopback.port, timeout=10)
        assert begin(loopback, SMALL, client=client).read() == b"onetwo"
        hosts[0].how = how
        assert begin(loopback, SMALL, client=client).status == 503


def test_what_failed_is_not_asked_again_at_once_and_again_after_a_moment(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].how = "hang"
        assert ask(loopback, SMALL)[0] == 503
        hosts[0].how = "ok"
        status, text = ask(loopback, SMALL)
        assert (status, "no host answered a moment ago" in text) == (503, True)
        assert ask(loopback, BIG)[0] == 200, "another model is none the worse for it"
        until(lambda: ask(loopback, SMALL)[0] == 200)
        assert hosts[0].asked.count(SMALL) == 2


def test_a_question_that_a_host_fails_at_closes_the_model_to_no_other_question(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        for one in hosts:
            one.how = "500"
        assert ask(loopback, BIG, "too long")[0] == 503
        for one in hosts:
            one.how = "ok"
        status, text = ask(loopback, BIG, "too long")
        assert (status, "a host failed at that a moment ago" in text) == (503, True)
        assert ask(loopback, BIG, "another") == (200, "onetwo")
        assert len(hosts[0].asked) + len(hosts[1].asked) == 3
        until(lambda: ask(loopback, BIG, "too long")[0] == 200)


def test_what_is_the_users_own_fault_passes_unchanged(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].how = "400"
        assert ask(loopback, SMALL) == (400, '{"error":"its own words"}')
        status, text = ask(loopback, "nobody-has-it")
        assert (status, "no host serves that model" in text) == (503, True)
        assert hosts[1].asked == []


@pytest.mark.parametrize("how", ["404", "500", "503", "empty", "reset"])
def test_another_host_that_serves_the_model_is_asked_first(
    tmp_path: Path, hosts: tuple[Host, Host], how: str
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].how = how
        assert [ask(loopback, BIG) for _ in range(4)] == [(200, "onetwo")] * 4
        assert len(hosts[0].asked) >= 1, "one fault does not take it out for the others"
        assert len(hosts[1].asked) == 4
        hosts[1].how = how
        before = len(hosts[0].asked) + len(hosts[1].asked)
        assert ask(loopback, BIG)[0] == 503
        assert len(hosts[0].asked) + len(hosts[1].asked) == before + 2, "each was asked once"


def test_each_of_three_hosts_is_asked_once(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    third = Host()
    three = (*hosts, third)
    loopback = pooling(*(upstream(one.port, BIG) for one in three))
    with running(tmp_path, loopback):
        for one in three:
            one.how = "500"
        assert ask(loopback, BIG)[0] == 503
        assert [len(one.asked) for one in three] == [1, 1, 1]
    third.stop()


def test_a_host_that_refuses_costs_a_second_once_and_is_used_again_when_it_is_back(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].stop()
        began = time.monotonic()
        assert [ask(loopback, BIG)[0] for _ in range(4)] == [200] * 4
        status, text = ask(loopback, SMALL)
        assert time.monotonic() - began < 1.9
        assert (status, "is reachable" in text) == (503, True)
        hosts[0].start()
        until(lambda: ask(loopback, SMALL)[0] == 200, within_s=10)


def test_a_host_that_does_not_even_refuse_costs_two_seconds_once(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    loopback = pooling(upstream(hosts[0].port, BIG))
    with running(tmp_path, loopback):
        assert ask(loopback, BIG)[0] == 200
        hosts[0].stop()
        with silent(hosts[0].port):
            began = time.monotonic()
            assert [ask(loopback, BIG)[0] for _ in range(5)] == [503] * 5
            assert 1.5 < time.monotonic() - began < 3


def test_another_host_answers_for_one_that_does_not_even_refuse(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].stop()
        with silent(hosts[0].port):
            began = time.monotonic()
            assert [ask(loopback, BIG)[0] for _ in range(4)] == [200] * 4
            assert time.monotonic() - began < 3


def test_streams_pass_word_by_word_and_a_cut_is_a_cut(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].how = "stream"
        response = begin(loopback, SMALL)
        assert response.read(3) == b"one"
        hosts[0].go_on.set()
        assert response.read() == b"two"
        hosts[0].how = "cut"
        assert ask(loopback, SMALL) == (200, "cut after one")
        hosts[0].go_on.clear()
        hosts[0].how = "slow"
        assert ask(loopback, SMALL) == (200, "onetwo")


def test_a_user_who_breaks_off_frees_the_host(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].how = "hang"
        with socket.create_connection(("127.0.0.1", loopback.port)) as client:
            body = json.dumps({"model": SMALL})
            head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}"
            client.sendall(f"{head}\r\n\r\n{body}".encode())
            until(lambda: hosts[0].asked == [SMALL])
        assert hosts[0].broken_off.wait(LIMIT_S / 2)


def test_models_are_told_apart_in_bodies_of_any_size(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        assert ask(loopback, f"{BIG}:latest")[0] == 200
        assert ask(loopback, BIG, 'a "model": ' * 50_000)[0] == 200
        assert ask(loopback, SMALL, "x" * 2_000_000)[0] == 200
        assert hosts[0].asked.count(SMALL) == 1
        assert SMALL not in hosts[1].asked
        assert request(loopback, "GET", "/v1/models")[0] == 200


def test_it_passes_questions_of_this_machine_alone(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        assert request(loopback, "DELETE", "/api/delete", json.dumps({"model": BIG}))[0] == 403
        assert request(loopback, "POST", "/api/pull", json.dumps({"model": BIG}))[0] == 403
        assert request(loopback, "GET", "/api/tags", headers={"host": "page.example"})[0] == 403
        assert hosts[0].asked == hosts[1].asked == []


def test_a_new_configuration_is_taken_up_while_streams_go_on(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback) as process:
        hosts[0].how = "stream"
        response = begin(loopback, SMALL)
        assert response.read(3) == b"one"
        other = loopback.model_copy(update={"first_byte_s": {SMALL: 2, BIG: 2}})
        (tmp_path / "haproxy.cfg").write_text(haproxy_config(other))
        process.send_signal(signal.SIGHUP)
        until(lambda: answers(other))
        hosts[0].go_on.set()
        assert response.read() == b"two"


def test_a_larger_model_gets_more_time_but_less_than_the_plugin_waits() -> None:
    assert first_byte_s(0) == 30
    assert first_byte_s(9_000_000_000) == 57
    assert first_byte_s(400_000_000_000) < 90


def test_a_configuration_is_named_by_all_that_is_in_it() -> None:
    one = pooling(upstream(1, SMALL))
    texts = {haproxy_config(one), haproxy_config(one.model_copy(update={"first_byte_s": {SMALL: 9}}))}
    assert len(texts) == 2
    assert config_hash(one) in haproxy_config(one)
    assert config_hash(one) != config_hash(one.model_copy(update={"first_byte_s": {SMALL: 9}}))


@pytest.mark.parametrize("bad", ["gpu host", "gpu\nlisten x", "gpu'", ""])
def test_what_could_end_a_line_of_the_configuration_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        upstream(1, SMALL, host=bad)
    with pytest.raises(ValidationError):
        upstream(1, bad)
