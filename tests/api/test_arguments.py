"""What every SSL* function does with arguments that are missing, of a wrong type or out of range.

The functions and their parameters come from the published table, so that one that is added later is tested as well.
"""

from __future__ import annotations

import re
from pipes import connected, ok, state
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

import securetransport as st
from contract_report import ROWS as CONTRACT
from shapes import ALPN, CLEARS, MODULES, MOVERS, NUMBERS, ROWS, TABLE, arguments, find, make, status


def inputs(*kinds: str, without: tuple[str, ...] = ()) -> list[Any]:
    """A test case for each input of these C types, or each input but the context."""
    return [
        pytest.param(row, at, id=f"{row['name']}.{parameter['name']}")
        for row in ROWS
        if row["name"] not in without
        for at, parameter in enumerate(row["c_params"])
        if at and parameter["direction"] == "in" and (not kinds or parameter["ctype"] in kinds)
    ]


def spelt(value: Any) -> str:
    """A value in a test's name, the same in every process: without the address of an object."""
    return re.sub(r"<(\w+)[^<>]* at 0x[0-9a-f]+>", r"\1", repr(value))


def test_every_row_that_is_tested_here_was_found() -> None:
    assert len(ROWS) >= 44
    names = {row["name"] for row in ROWS}
    for module in MODULES:
        for name in vars(module):
            if re.match(r"SSL(Set|Get|Copy|Add)[A-Z]", name) and find(name) is vars(module)[name]:
                assert name in names or not any(row["name"] == name for row in TABLE), name


def without_context(row: dict[str, Any]) -> Any:
    """A test case, marked with the row that speaks of a missing context where the function has one."""
    found = [
        name
        for name, contract in CONTRACT.items()
        if contract.function == row["name"] and contract.status == "errSecParam" and "NULL" in contract.when
    ]
    return pytest.param(row, id=row["name"], marks=[pytest.mark.contract(name) for name in found[:1]])


@pytest.mark.parametrize("row", [without_context(row) for row in ROWS])
def test_without_a_context_every_function_answers_param(row: dict[str, Any]) -> None:
    given_arguments = arguments(row, None)
    answer = find(row["name"])(*given_arguments)
    if row["c_return"] not in ("OSStatus", "int"):
        assert not answer or answer == (None, 0)  # no status: a bool, nothing, or a pointer and its length
        return
    assert status(answer) == st.errSecParam
    outs = [(p, a) for p, a in zip(row["c_params"], given_arguments, strict=True) if p["direction"] != "in"]
    if row["name"] in ("SSLRead", "SSLWrite"):
        assert answer[1:] == ((None, 0) if row["name"] == "SSLRead" else (0,))
        return
    if not outs:
        assert isinstance(answer, int)
        return
    for value, (parameter, passed) in zip(answer[1:], outs, strict=True):
        expected = passed if parameter["direction"] == "inout" else None
        assert value == expected or (parameter["ctype"] == "size_t *" and value == 0), parameter["name"]


@pytest.mark.parametrize("wrong", ["context", 7, b"", object(), st], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_what_is_no_context_is_a_type_error(row: dict[str, Any], wrong: Any) -> None:
    with pytest.raises(TypeError):
        find(row["name"])(*arguments(row, wrong))


@pytest.mark.parametrize(("row", "at"), inputs())
def test_a_missing_context_comes_before_a_wrong_type(row: dict[str, Any], at: int) -> None:
    passed = arguments(row, None)
    passed[at] = 1.5
    expected = None if row["c_return"] == "void" else st.errSecParam
    assert status(find(row["name"])(*passed)) == expected


@pytest.mark.parametrize(("row", "at"), inputs(without=MOVERS + ALPN))
def test_a_missing_input_is_param_unless_none_is_a_value(row: dict[str, Any], at: int) -> None:
    context = make(row)
    passed = arguments(row, context)
    passed[at] = None
    expected = 0 if row["name"] in CLEARS else st.errSecParam
    assert status(find(row["name"])(*passed)) == expected
    assert state(context) == st.kSSLIdle


@pytest.mark.parametrize(("row", "at"), inputs(*NUMBERS, "Boolean", "bool"))
@pytest.mark.parametrize("wrong", [1.0, "1", b"1", [1]], ids=lambda value: type(value).__name__)
def test_a_number_of_another_type_is_a_type_error(row: dict[str, Any], at: int, wrong: Any) -> None:
    context = make(row)
    passed = arguments(row, context)
    passed[at] = wrong
    with pytest.raises(TypeError):
        find(row["name"])(*passed)
    assert state(context) == st.kSSLIdle


@pytest.mark.parametrize(("row", "at"), inputs("size_t"))
def test_a_bool_is_no_length(row: dict[str, Any], at: int) -> None:
    passed = arguments(row, make(row))
    passed[at] = True
    with pytest.raises(TypeError):
        find(row["name"])(*passed)


@pytest.mark.parametrize(
    ("row", "at"),
    inputs(
        *("CFArrayRef", "const void *", "const char *", "SSLReadFunc", "SSLWriteFunc"),
        without=("SSLInternalSetMasterSecretFunction",),  # its argument is any object
    ),
)
@pytest.mark.parametrize("wrong", [1.0, 5, object()], ids=lambda value: type(value).__name__)
def test_an_object_of_another_type_is_a_type_error(row: dict[str, Any], at: int, wrong: Any) -> None:
    passed = arguments(row, make(row))
    passed[at] = wrong
    with pytest.raises(TypeError):
        find(row["name"])(*passed)


HUGE = (2**31, 2**32, 2**63, 2**64, 2**80, -1, -(2**31) - 1, -(2**63), -(2**80))
WIDTHS = {"size_t": 64, "unsigned": 32, "uint32_t": 32}


def outside(kind: str) -> list[int]:
    """Numbers that do not fit a C type; of the enumerations those that are no member and no OSStatus either."""
    if kind in WIDTHS:
        return [number for number in HUGE if not 0 <= number < 2 ** WIDTHS[kind]]
    return [number for number in HUGE if not -(2**31) <= number < 2**31]


@pytest.mark.parametrize(("row", "at"), inputs(*NUMBERS, without=MOVERS))
def test_a_number_outside_the_c_type_is_param(row: dict[str, Any], at: int) -> None:
    kind = row["c_params"][at]["ctype"]
    # A version has a status of its own where nothing else can be wrong with the call.
    version = kind == "SSLProtocol" and not row["name"].endswith(("VersionEnabled", "ProtocolVersion"))
    expected = st.errSSLIllegalParam if version else st.errSecParam
    for number in outside(kind):
        passed = arguments(row, make(row))
        passed[at] = number
        assert status(find(row["name"])(*passed)) == expected, number


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["c_params"][-1]["direction"] == "out" and row["name"] not in MOVERS],
    ids=lambda row: row["name"],
)
def test_out_parameters_at_the_end_may_be_left_out(row: dict[str, Any]) -> None:
    passed = arguments(row, make(row))
    full = find(row["name"])(*passed)
    while row["c_params"][len(passed) - 1]["direction"] == "out":
        passed.pop()
    assert find(row["name"])(*passed) == full


# --- lengths and lists ---------------------------------------------------------------------------------------


@given(length=some.integers(-(2**70), 2**70))
def test_a_length_within_the_name_takes_that_much_of_it(length: int) -> None:
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    within = 0 <= length <= 9
    assert st.SSLSetPeerDomainName(context, "localhost", length) == (0 if within else st.errSecParam)
    expected = b"localhost"[:length] if within else b""
    assert st.SSLGetPeerDomainName(context, None, 100) == (0, expected, len(expected))


@given(suites=some.lists(some.integers(-10, 2**33), max_size=6), count=some.integers(-2, 8))
def test_any_list_of_numbers_is_answered_with_a_status(suites: list[int], count: int) -> None:
    context = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    before = st.SSLGetEnabledCiphers(context, None, 500)
    answer = st.SSLSetEnabledCiphers(context, suites, count)
    assert answer in (0, st.errSecParam)
    if answer:
        assert st.SSLGetEnabledCiphers(context, None, 500) == before


@pytest.mark.parametrize("wrong", [[1.5], ["x"], [b"x"], [object()], [[1]]], ids=spelt)
def test_a_list_of_other_things_than_numbers_is_a_type_error(wrong: Any) -> None:
    context = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    with pytest.raises(TypeError):
        st.SSLSetEnabledCiphers(context, wrong, 1)


def test_a_list_may_be_any_sequence_and_the_first_n_of_it_count() -> None:
    context = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    for suites in ([0xC02F, 0x9C, 0x9D], (0xC02F, 0x9C, 0x9D), st.CFArray([0xC02F, 0x9C, 0x9D])):
        ok(st.SSLSetEnabledCiphers(context, suites, 2))
        assert st.SSLGetEnabledCiphers(context, None, 2) == (0, (0xC02F, 0x9C), 2)
    assert st.SSLSetEnabledCiphers(context, [0xC02F], 2) == st.errSecParam
    assert st.SSLSetEnabledCiphers(context, [0xC02F, 2**32], 2) == st.errSecParam
    assert st.SSLSetEnabledCiphers(context, [0xC02F, -1], 2) == st.errSecParam
    assert st.SSLSetEnabledCiphers(context, [0xC02F], 0) == st.errSecParam


@given(size=some.integers(-5, 2**66))
def test_a_room_that_is_too_small_overflows_and_the_count_comes_back(size: int) -> None:
    context = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    answer = st.SSLGetSupportedCiphers(context, None, size)
    total = st.SSLGetNumberSupportedCiphers(context)[1]
    if not 0 <= size < 2**64:
        assert answer == (st.errSecParam, None, size)
    elif size < total:
        assert answer == (st.errSSLBufferOverflow, None, size)
    else:
        assert answer[0] == 0
        assert (len(answer[1]), answer[2]) == (total, total)


# --- creation ------------------------------------------------------------------------------------------------


def test_an_unknown_side_or_type_gives_no_context() -> None:
    for side in (-1, 2, 2**40, None):
        assert st.SSLCreateContext(None, side, st.kSSLStreamType) is None
    for kind in (-1, 2, 2**40, None):
        assert st.SSLCreateContext(None, st.kSSLClientSide, kind) is None
    for side, kind in (("client", 0), (1, "stream"), (1.0, 0)):
        with pytest.raises(TypeError):
            st.SSLCreateContext(None, side, kind)


def test_a_context_says_what_it_is() -> None:
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    assert isinstance(context, st.SSLContext)
    assert st.SSLContextRef is st.SSLContext
    assert repr(context) == "<SSLContext client Idle>"
    assert st.CFGetTypeID(context) == st.SSLContextGetTypeID() != 0
    pair = connected("rsa")
    assert repr(pair.server) == "<SSLContext server Connected TLS 1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384>"


# --- SSLRead and SSLWrite --------------------------------------------------------------------------------------


@given(length=some.integers(-(2**70), 2**70))
def test_a_write_length_outside_the_data_is_param(length: int) -> None:
    pair = connected()
    expected = (0, length) if 0 <= length <= 5 else (st.errSecParam, 0)
    assert st.SSLWrite(pair.client, b"hello", length, None) == expected
    if expected[0] == 0 and length:
        assert st.SSLRead(pair.server, None, 100, None) == (0, b"hello"[:length], length)
    assert state(pair.client) == st.kSSLConnected


@given(length=some.one_of(some.integers(-(2**70), -1), some.integers(9, 2**70)))
def test_a_read_length_outside_the_buffer_is_param_and_the_buffer_comes_back(length: int) -> None:
    pair = connected()
    buffer = bytearray(8)
    answer = st.SSLRead(pair.client, buffer, length, None)
    assert answer[0::2] == (st.errSecParam, 0)
    assert answer[1] is buffer
    if length < 0 or length >= 2**63:
        assert st.SSLRead(pair.client, None, length, None) == (st.errSecParam, None, 0)


@pytest.mark.parametrize("wrong", [b"12345678", memoryview(b"12345678"), "12345678", [1], 8], ids=spelt)
def test_a_read_into_what_cannot_be_written_is_a_type_error(wrong: Any) -> None:
    pair = connected()
    with pytest.raises(TypeError):
        st.SSLRead(pair.client, wrong, 8, None)
    assert state(pair.client) == st.kSSLConnected


@pytest.mark.parametrize("wrong", ["text", [1], 8, memoryview(b"12345678")[::2]], ids=spelt)
def test_writing_what_is_no_contiguous_bytes_is_a_type_error(wrong: Any) -> None:
    pair = connected()
    with pytest.raises(TypeError):
        st.SSLWrite(pair.client, wrong, 1, None)
    assert pair.up.offered == []


def test_any_contiguous_bytes_can_be_written_and_read_into() -> None:
    import array

    pair = connected()
    for data in (
        b"abcd",
        bytearray(b"abcd"),
        memoryview(b"abcd"),
        memoryview(b"xabcdx")[1:5],
        array.array("B", b"abcd"),
    ):
        assert st.SSLWrite(pair.client, data, 4, None) == (0, 4)
        for buffer in (bytearray(2), memoryview(bytearray(2)), array.array("B", b"..")):
            status_, same, n = st.SSLRead(pair.server, buffer, 2, None)
            assert (status_, n) == (0, 2)
            assert same is buffer
            if bytes(same) == b"cd":
                break
            assert bytes(same) == b"ab"
        assert st.SSLGetBufferedReadSize(pair.server) == (0, 0)


def test_numbers_of_wider_items_count_in_bytes() -> None:
    import array

    pair = connected()
    wide = array.array("I", [1, 2, 3])
    assert st.SSLWrite(pair.client, wide, 4 * 3, None) == (0, 12)
    target = array.array("I", [0, 0, 0])
    assert st.SSLRead(pair.server, target, 12, None) == (0, target, 12)
    assert target == wide


def test_nothing_may_be_written_and_read() -> None:
    pair = connected()
    assert st.SSLWrite(pair.client, b"", 0, None) == (0, 0)
    assert st.SSLWrite(pair.client, None, 0, None) == (0, 0)
    assert st.SSLWrite(pair.client, None, 1, None) == (st.errSecParam, 0)
    assert st.SSLRead(pair.client, None, 0, None) == (0, b"", 0)
    empty = bytearray()
    assert st.SSLRead(pair.client, empty, 0, None) == (0, empty, 0)
    assert (pair.up.offered, pair.down.asked) == ([], [])


def test_processed_may_be_left_out() -> None:
    pair = connected()
    assert st.SSLWrite(pair.client, b"hello", 5) == (0, 5)
    assert st.SSLRead(pair.server, None, 5) == (0, b"hello", 5)


def test_a_configuration_that_is_no_text_at_all_is_unknown() -> None:
    """A lone surrogate has no UTF-8; as every other unknown name it is a wrong value, no exception."""
    assert st.SSLSetSessionConfig(connected().client, "\ud800") == st.errSecParam
