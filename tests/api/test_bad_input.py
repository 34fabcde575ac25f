"""Every function with values that make no sense, in every state: a status or a TypeError, and nothing else happens.

In: the published tables, which name the functions, and a list of values. Promise: only exceptions that are documented
come out, only statuses that the function has, and a refused call moves no state. What exactly each mistake answers is
in ``test_arguments``; that the state is judged before the value in ``test_states``.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pipes import array, bring, certificate, connected, state
from typing import Any

import pytest

import certs
import securetransport as st
from contract_report import ROWS as CONTRACT
from securetransport import extensions
from shapes import MOVERS, ROWS, TABLE, arguments, find, status

NUMBERS: list[Any] = [
    0,
    1,
    -1,
    2**16,
    2**31,
    -(2**31) - 1,
    2**63,
    2**64,
    2**200,
    -(2**200),
    1.5,
    float("nan"),
    True,
]
BYTES: list[Any] = [b"", b"\0", bytes(70_000), bytearray(b"x"), memoryview(b"abcdef")[::2], memoryview(b"")]
TEXT: list[Any] = ["", "x", "\0", "\ud800", "ü" * 300, "x" * 70_000]
LISTS: list[Any] = [
    [],
    (),
    {},
    [None],
    [1.5],
    [2**80],
    [-1],
    ["x"],
    [b""],
    [[]],
    {"x": None},
    range(3),
    iter([]),
]
OTHERS: list[Any] = [None, object(), object, len, NotImplemented, ...]
VALUES = [*NUMBERS, *BYTES, *TEXT, *LISTS, *OTHERS]

#: Statuses of movers that come from the connection, and of values that are judged anywhere.
ANYWHERE = {st.errSecSuccess, st.errSecParam, st.errSecBadReq, st.errSSLBufferOverflow}
#: Calls that are meant to change the state.
MOVE = {*MOVERS, "SSLSetError"}


def answers(function: str) -> set[int]:
    """The statuses that the tables give a function, and those that any call may have for its values."""
    return ANYWHERE | {
        row.code for row in CONTRACT.values() if row.function == function and row.code is not None
    }


def tried(call: Callable[..., Any], *values: Any, raises: tuple[type[Exception], ...] = ()) -> Any:
    """What a call answers, or the exception that it may raise, which has something to say."""
    try:
        return call(*values)
    except (TypeError, *raises) as error:
        return error if str(error) else pytest.fail("an exception without a word")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_senseless_value_in_any_state_gives_a_status_of_the_function(row: dict[str, Any]) -> None:
    call, allowed = find(row["name"]), answers(row["name"])
    for where, which in itertools.product(range(5), ("client", "server")):
        context, _ = bring(which, where)
        for at, value in itertools.product(range(1, len(row["c_params"])), VALUES):
            if row["name"] in MOVE and state(context) != where:
                context, _ = bring(which, where)
            passed = arguments(row, context)
            passed[at] = value
            answer = tried(call, *passed)
            if row["c_return"] == "OSStatus" and not isinstance(answer, TypeError):
                assert status(answer) in allowed, (value, where, which, answer)
            assert row["name"] in MOVE or state(context) == where, (value, which)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_senseless_values_everywhere_at_once_do_no_harm(row: dict[str, Any]) -> None:
    call = find(row["name"])
    for where in range(5):
        context, _ = bring("server", where)
        for value in VALUES:
            tried(call, context, *[value] * (len(row["c_params"]) - 1))
    with pytest.raises(TypeError):
        call(*[None] * (len(row["c_params"]) + 1))


# --- what takes no context ---------------------------------------------------------------------------------------


def samples() -> dict[str, Any]:
    """A good value for each type in the annotations of the functions of certificates, keys, trust and values."""
    identity, *_ = array(certs.leaf("p256"))
    leaf = certificate(certs.leaf("p256").der)
    _, key = st.SecIdentityCopyPrivateKey(identity)
    _, trust = st.SecTrustCreateWithCertificates(leaf, None)
    return {
        "SecCertificate": leaf,
        "SecIdentity": identity,
        "SecKey": key,
        "SecTrust": trust,
        "SecPolicy": st.SecPolicyCreateBasicX509(),
        "Metadata": extensions.SSLCopyProtocolMetadata(connected().client)[1],
        "sec_trust_t": st.sec_trust_create(trust),
        "sec_identity_t": st.sec_identity_create(identity),
        "sec_certificate_t": st.sec_certificate_create(leaf),
        "Callable": lambda *_: True,
        "CFError": st.SecCertificateCopySerialNumber(None)[1],
        "CFDate": datetime.now(UTC),
        "bytes": b"some bytes",
        "bytearray": bytearray(9),
        "str": "text",
        "int": 4,
        "float": 1.0,
        "bool": True,
        "list": [1],
        "dict": {},
        "Sequence": [1],
        "Iterable": [1, 2, 3, 4],
        "object": "anything",
    }


def sample(annotation: str) -> Any:
    known = samples()
    return next((known[name] for name in known if annotation.startswith(name)), None)


#: What the documentation of a function promises beside a TypeError.
RAISES: dict[str, tuple[type[Exception], ...]] = {
    "CFArrayGetValueAtIndex": (IndexError,),
    **dict.fromkeys(
        ("CFArrayCreate", "CFDataCreate", "CFDictionaryCreate", "CFNumberCreate", "CFNumberGetValue"),
        (ValueError,),
    ),
}
ADDED: dict[str, tuple[type[Exception], ...]] = {"SecKeyCreateWithCallbacks": (ValueError,)}
PLAIN = [name for name, row in CONTRACT.items() if row.table == "security_types.json"]


@pytest.mark.parametrize("name", PLAIN)
def test_a_senseless_value_anywhere_else_gives_an_answer_or_a_type_error(name: str) -> None:
    call, raises = getattr(st, name), RAISES.get(name, ())
    good = [sample(parameter.annotation) for parameter in inspect.signature(call).parameters.values()]
    for at, value in itertools.product(range(len(good)), VALUES):
        tried(call, *good[:at], value, *good[at + 1 :], raises=raises)
    for value in VALUES:
        tried(call, *[value] * len(good), raises=raises)


#: The calls that Apple never had, but for those that read files.
ADDITIONS = [
    name
    for name, call in vars(extensions).items()
    if inspect.isfunction(call) and name.startswith(("SSL", "Sec"))
]


@pytest.mark.parametrize("name", ADDITIONS)
def test_additions_take_senseless_values_in_any_state(name: str) -> None:
    call = getattr(extensions, name)
    parameters = list(inspect.signature(call).parameters.values())
    for where, which in itertools.product(range(5), ("client", "server")):
        context, _ = bring(which, where)
        good = [context if "SSLContext" in p.annotation else sample(p.annotation) for p in parameters]
        for at, value in itertools.product(range(len(good)), VALUES):
            tried(call, *good[:at], value, *good[at + 1 :], raises=ADDED.get(name, ()))
            assert state(context) == where, value


STATELESS = [
    row["name"]
    for row in TABLE
    if row["c_params"] and row["c_params"][0]["ctype"] != "SSLContextRef" and find(row["name"])
]


@pytest.mark.parametrize("name", STATELESS)
def test_functions_without_a_context_take_senseless_values_too(name: str) -> None:
    count = len(inspect.signature(find(name)).parameters)
    for at, value in itertools.product(range(count), VALUES):
        passed: list[Any] = [0] * count
        passed[at] = value
        tried(find(name), *passed)
