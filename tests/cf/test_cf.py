"""The Core Foundation types behave as the Python values they are."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securetransport import cf
from securetransport.cf import base


@pytest.mark.contract("CFArrayCreate")
def test_an_array_equals_lists_and_tuples_of_the_same_elements_and_does_not_change() -> None:
    array = cf.CFArrayCreate(None, ["a", 1, None], 2, cf.kCFTypeArrayCallBacks)
    assert array == ["a", 1]
    listed = ["a", 1]
    assert listed == array
    assert array == ("a", 1)
    assert array != ["a", 2]
    assert array[:1] == ["a"]
    assert isinstance(array[:1], cf.CFArray)
    assert array + listed == ["a", 1, "a", 1]
    with pytest.raises(TypeError):
        array[0] = "b"  # type: ignore[index]
    with pytest.raises(TypeError):
        cf.CFArrayAppendValue(array, "b")  # type: ignore[arg-type]
    assert pickle.loads(pickle.dumps(array)) == array


@pytest.mark.contract(
    "CFArrayAppendValue",
    "CFArrayCreateMutable",
    "CFArrayGetCount",
    "CFArrayGetValueAtIndex",
)
def test_a_mutable_array_grows_and_equals_the_list_of_its_elements() -> None:
    array = cf.CFArrayCreateMutable(None, 0, cf.kCFTypeArrayCallBacks)
    cf.CFArrayAppendValue(array, "a")
    array.append("b")
    assert array == ["a", "b"] == array
    assert array == ("a", "b")
    assert cf.CFArrayGetCount(array) == len(array) == 2
    assert cf.CFArrayGetValueAtIndex(array, 1) == "b"


@pytest.mark.parametrize("index", [-1, 2, 1 << 70])
def test_an_index_outside_the_array_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError):
        cf.CFArrayGetValueAtIndex(cf.CFArray("ab"), index)


@pytest.mark.contract("CFDictionaryCreate", "CFDictionaryGetCount", "CFDictionaryGetValue")
def test_a_dictionary_equals_the_dict_of_its_pairs_and_does_not_change() -> None:
    callbacks = (cf.kCFTypeDictionaryKeyCallBacks, cf.kCFTypeDictionaryValueCallBacks)
    made = cf.CFDictionaryCreate(None, ["a", "b", "c"], [1, 2, 3], 2, *callbacks)
    assert made == {"a": 1, "b": 2}
    assert cf.CFDictionaryGetCount(made) == 2
    assert cf.CFDictionaryGetValue(made, "a") == 1
    assert cf.CFDictionaryGetValue(made, "c") is None
    assert made is not None
    for change in (lambda: made.update(c=3), lambda: made.pop("a"), made.clear, made.popitem):
        with pytest.raises(TypeError):
            change()
    assert made == {"a": 1, "b": 2}


def test_too_few_values_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="there are 1 values, not 2"):
        cf.CFArrayCreate(None, ["a"], 2)
    with pytest.raises(ValueError, match="keys"):
        cf.CFDictionaryCreate(None, [], [1], 1)
    with pytest.raises(ValueError, match="values"):
        cf.CFDictionaryCreate(None, [1], [], 1)
    with pytest.raises(ValueError, match="bytes"):
        cf.CFDataCreate(None, b"a", 2)


@pytest.mark.contract(
    "CFArrayGetTypeID",
    "CFBooleanGetTypeID",
    "CFDataGetTypeID",
    "CFDateGetTypeID",
    "CFDictionaryGetTypeID",
    "CFErrorGetTypeID",
    "CFNullGetTypeID",
    "CFNumberGetTypeID",
    "CFStringGetTypeID",
)
def test_type_numbers_tell_the_kinds_apart() -> None:
    kinds = {
        cf.CFArrayGetTypeID(): (cf.CFArray(), cf.CFMutableArray(), [], ()),
        cf.CFDataGetTypeID(): (b"", bytearray(), memoryview(b"")),
        cf.CFStringGetTypeID(): ("",),
        cf.CFBooleanGetTypeID(): (True, False),
        cf.CFNumberGetTypeID(): (1, 1.0),
        cf.CFDictionaryGetTypeID(): (cf.CFDictionary(), {}),
        cf.CFDateGetTypeID(): (cf.CFDate(0), datetime.now(UTC)),
        cf.CFErrorGetTypeID(): (cf.CFError(-1, "no"),),
        cf.CFNullGetTypeID(): (cf.kCFNull,),
    }
    assert len(kinds) == 9
    for number, values in kinds.items():
        assert [cf.CFGetTypeID(value) for value in values] == [number] * len(values)
    assert cf.CFGetTypeID(None) == 0
    with pytest.raises(TypeError):
        cf.CFGetTypeID(object())


def test_another_module_can_register_its_type() -> None:
    class Thing:
        pass

    getter = base.type_getter("Thing", Thing)
    assert cf.CFGetTypeID(Thing()) == getter()
    assert getter.__name__ == "ThingGetTypeID"


def test_equality_looks_at_type_and_value_and_none_equals_nothing() -> None:
    assert cf.CFEqual(b"a", bytearray(b"a"))
    assert cf.CFEqual([1, [2]], cf.CFArray([1, (2,)]))
    assert cf.CFEqual({"a": [1]}, cf.CFDictionary(a=(1,)))
    assert not cf.CFEqual(1, True)
    assert not cf.CFEqual([1], [True])
    assert not cf.CFEqual({"a": 1}, {"a": True})
    assert not cf.CFEqual(None, None)
    assert not cf.CFEqual("a", b"a")


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
@pytest.mark.contract("CFCopyDescription")
def test_equal_values_have_equal_hashes(value: object) -> None:
    copied = cf.CFArray(value) if isinstance(value, list) else value
    assert cf.CFEqual(value, copied)
    assert cf.CFHash(value) == cf.CFHash(copied)
    assert isinstance(cf.CFCopyDescription(value), str)


@pytest.mark.contract("CFGetRetainCount", "CFRelease", "CFRetain")
def test_retain_and_release_do_no_harm() -> None:
    value = ["a"]
    assert cf.CFRetain(value) is value
    for _ in range(3):
        assert cf.CFRelease(value) is None
    assert value == ["a"]
    assert cf.CFGetRetainCount(value) >= 1
    assert cf.CFGetRetainCount(None) == 0


def test_none_gives_none_zero_or_false_everywhere() -> None:
    assert cf.CFArrayGetCount(None) == cf.CFDataGetLength(None) == cf.CFStringGetLength(None) == 0
    assert cf.CFDictionaryGetCount(None) == cf.CFErrorGetCode(None) == cf.CFHash(None) == 0
    assert cf.CFDateGetAbsoluteTime(None) == 0.0
    assert cf.CFArrayCreate(None, None, 1) is None
    assert cf.CFDataCreate(None, None, 1) is None
    assert cf.CFDataGetBytePtr(None) is None
    assert cf.CFErrorGetDomain(None) is cf.CFErrorCopyDescription(None) is cf.CFCopyDescription(None) is None
    assert cf.CFDictionaryGetValue(None, "a") is None
    assert cf.CFBooleanGetValue(None) is False
    assert cf.CFNumberGetValue(None, cf.kCFNumberSInt8Type) == (False, None)
    assert cf.CFStringGetCString(None, None, 9, cf.kCFStringEncodingUTF8) == (False, b"")


def test_wrong_types_are_type_errors() -> None:
    for call in (
        lambda: cf.CFArrayGetCount("abc"),
        lambda: cf.CFDataGetLength("abc"),  # type: ignore[arg-type]
        lambda: cf.CFStringGetLength(b"abc"),  # type: ignore[arg-type]
        lambda: cf.CFDictionaryGetCount([]),  # type: ignore[arg-type]
        lambda: cf.CFErrorGetCode(ValueError()),  # type: ignore[arg-type]
        lambda: cf.CFDateGetAbsoluteTime(1.0),  # type: ignore[arg-type]
        lambda: cf.CFBooleanGetValue(1),  # type: ignore[arg-type]
        lambda: cf.CFNumberGetValue(True, cf.kCFNumberSInt8Type),
        lambda: cf.CFArrayCreateMutable(0, 0),  # type: ignore[arg-type]
        lambda: cf.CFArrayCreateMutable(None, True),
    ):
        with pytest.raises(TypeError):
            call()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
@pytest.mark.contract("CFStringCreateWithCString", "CFStringGetCString", "CFStringGetLength")
def test_strings_count_utf_16_units_and_survive_the_way_through_utf_8(text: str) -> None:
    assert cf.CFStringGetLength(text) == len(text.encode("utf-16-le")) // 2
    size = len(text.encode()) + 1
    fits, encoded = cf.CFStringGetCString(text, None, size, cf.kCFStringEncodingUTF8)
    assert fits
    assert cf.CFStringCreateWithCString(None, encoded, cf.kCFStringEncodingUTF8) == text
    assert not cf.CFStringGetCString(text, None, size - 1, cf.kCFStringEncodingUTF8)[0]


def test_a_string_goes_into_a_buffer_or_gives_up() -> None:
    buffer = bytearray(b"xxxxxxxx")
    assert cf.CFStringGetCString("abc", buffer, 8, cf.kCFStringEncodingASCII) == (True, buffer)
    assert buffer == b"abc\0xxxx"
    assert cf.CFStringGetCString("é", None, 9, cf.kCFStringEncodingASCII) == (False, b"")
    assert cf.CFStringGetCString("é", None, 4, cf.kCFStringEncodingISOLatin1) == (True, b"\xe9\0\0\0")
    assert cf.CFStringGetCString("a", None, 9, cf.kCFStringEncodingInvalidId) == (False, b"")
    assert cf.CFStringCreateWithCString(None, b"a\0b\0\0\0x", cf.kCFStringEncodingUTF16) == "ab"
    assert cf.CFStringCreateWithCString(None, b"\xff", cf.kCFStringEncodingUTF8) is None


@pytest.mark.contract("CFNumberCreate", "CFNumberGetValue")
def test_numbers_are_read_as_a_kind_and_say_when_something_was_lost() -> None:
    assert cf.CFNumberGetValue(127, cf.kCFNumberSInt8Type) == (True, 127)
    assert cf.CFNumberGetValue(128, cf.kCFNumberSInt8Type) == (False, 127)
    assert cf.CFNumberGetValue(1.5, cf.kCFNumberIntType) == (False, 1)
    assert cf.CFNumberGetValue(float("inf"), cf.kCFNumberSInt16Type) == (False, 32767)
    assert cf.CFNumberGetValue(0.5, cf.kCFNumberFloatType) == (True, 0.5)
    assert cf.CFNumberGetValue(0.1, cf.kCFNumberFloat32Type)[0] is False
    assert cf.CFNumberGetValue(1e300, cf.kCFNumberFloat32Type) == (False, float("inf"))
    assert cf.CFNumberCreate(None, cf.kCFNumberSInt32Type, 7) == 7
    with pytest.raises(ValueError, match="CFNumberType 17"):
        cf.CFNumberCreate(None, 17, 7)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_date_equals_the_datetime_of_its_moment(moment: datetime) -> None:
    date = cf.CFDate.from_datetime(moment)
    if date.to_datetime() == moment:
        assert date == moment
        assert hash(date) == hash(moment)
    assert abs(date.to_datetime() - moment) < timedelta(milliseconds=1)


@pytest.mark.contract("CFDateCreate", "CFDateGetAbsoluteTime")
def test_dates_count_from_2001_and_compare() -> None:
    date = cf.CFDateCreate(None, 0.0)
    assert date is not None
    assert date == datetime(2001, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert cf.CFDateGetAbsoluteTime(date) == 0.0
    assert date.unix() == 978307200
    assert date < cf.CFDate(0.5) <= cf.CFDate(0.5)
    assert date < datetime(2002, 1, 1, tzinfo=UTC)
    assert "2001-01-01" in repr(date)
    assert "since 2001" in repr(cf.CFDate(1e30))
    assert hash(cf.CFDate(1e30)) == hash(cf.CFDate(1e30))


@pytest.mark.contract("CFErrorCopyDescription", "CFErrorGetDomain")
def test_an_error_carries_code_domain_sentence_and_what_lies_below() -> None:
    below = cf.CFError(-2, "because")
    error = cf.CFError(-1, "It failed.", below)
    assert cf.CFErrorGetCode(error) == -1
    assert cf.CFErrorGetDomain(error) == "NSOSStatusErrorDomain"
    assert cf.CFErrorCopyDescription(error) == str(error) == "It failed."
    assert error.underlying == below
    assert cf.CFEqual(error, cf.CFError(-1, "It failed.", below))
    assert error != below
    assert cf.CFErrorCopyUserInfo(error) == error.user_info


@pytest.mark.contract("CFDataCreate", "CFDataGetLength", "CFDataGetBytePtr", "CFBooleanGetValue")
def test_data_and_truth_values_give_back_what_they_were_made_of() -> None:
    data = cf.CFDataCreate(None, b"some data", 4)
    assert data == b"some"
    assert cf.CFDataGetLength(data) == 4
    assert bytes(cf.CFDataGetBytePtr(data)) == b"some"
    assert cf.CFBooleanGetValue(True) is True
    assert cf.CFBooleanGetValue(False) is False
