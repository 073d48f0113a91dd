import numpy as np
import pytest

from strikewire.pricing.columns import columns_of


def test_numbers_are_repeated_to_the_length_of_the_columns() -> None:
    forward, strikes, calls = columns_of(100, [90.0, 110.0], [True, False])

    assert forward.tolist() == [100.0, 100.0]
    assert strikes.tolist() == [90.0, 110.0]
    assert calls.tolist() == [1.0, 0.0]
    assert all(column.flags.c_contiguous for column in (forward, strikes, calls))


def test_a_column_of_doubles_is_read_where_it_is() -> None:
    column = np.array([90.0, 110.0])

    assert np.shares_memory(columns_of(column, 1.0)[0], column)


def test_a_column_with_gaps_is_copied_together() -> None:
    table = np.arange(6.0).reshape(3, 2)

    [column] = columns_of(table[:, 1])

    assert column.tolist() == [1.0, 3.0, 5.0]
    assert column.flags.c_contiguous


def test_numbers_alone_are_a_column_of_one() -> None:
    assert [column.tolist() for column in columns_of(1, 2.5)] == [[1.0], [2.5]]


def test_columns_may_be_empty() -> None:
    assert [column.size for column in columns_of([], 1.0)] == [0, 0]


def test_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one length, not \[2, 3\]"):
        columns_of([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"one length, not \[1, 2\]"):
        columns_of([1.0], [1.0, 2.0])


def test_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one dimension, not \(\), \(2, 2\)"):
        columns_of(1.0, np.ones((2, 2)))


def test_any_kind_of_real_numbers_is_a_column_and_complex_ones_are_none() -> None:
    for kind in (np.float32, np.int64, np.uint8, np.bool_, object, ">f8"):
        (column,) = columns_of(np.array([1, 0, 1], dtype=kind))
        assert column.dtype == np.dtype("=f8")
        assert column.tolist() == [1.0, 0.0, 1.0]

    with pytest.raises(ValueError, match="not of complex ones"):
        columns_of(np.array([1j, 2.0]))
