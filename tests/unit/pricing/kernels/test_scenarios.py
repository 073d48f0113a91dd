"""The scenario kernel, interpreted and in every instruction set that runs here."""

import math
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from strikewire.pricing.kernels import black76, scenarios
from tests.twins import interpreted

Doubles = NDArray[np.float64]
FACTORS = np.array([0.34, 0.84, 1.0, 1.0, 1.16, 6.0])
VOLATILITIES = np.array([2, 0, 1, 2, 1, 2])


class Kernel(NamedTuple):
    """One way to run the kernel."""

    module: ModuleType
    instruction_set: int

    def fill(self, columns: Doubles, rows: list[int] | None = None) -> Doubles:
        table = np.full((columns.shape[1], 40), -7.0)
        which = None if rows is None else np.array(rows, dtype=np.int64)
        self.module.fill(columns, FACTORS, VOLATILITIES, which, table, self.instruction_set)
        return table

    def account(self, *arguments: object) -> Any:
        return self.module.Account(*arguments, self.instruction_set)


@pytest.fixture(params=["interpreted", "baseline", "avx2", "avx512"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    if request.param == "interpreted":
        (module,) = interpreted("strikewire.pricing.kernels", "scenarios")
        return Kernel(module, 0)
    if request.param not in scenarios.INSTRUCTION_SETS:
        pytest.skip(f"{request.param} is not compiled, or does not run here")
    return Kernel(scenarios, scenarios.INSTRUCTION_SETS.index(request.param))


def columns(count: int = 150) -> Doubles:
    """Options from far out to deep in the money, an hour to two years, coin and dollar."""
    table = np.zeros((8, count))
    for number in range(count):
        sigma, years = (0.1, 0.6, 2.0)[number % 3], (1e-4, 0.02, 0.3, 2.0)[number % 4]
        deviation = sigma * math.sqrt(years)
        table[:, number] = (
            61_800.2,
            61_800.2 * math.exp((number / count - 0.5) * 12 * deviation),
            number % 2,
            number % 5 == 0,
            0.01 * number,
            0.7 * deviation,
            deviation,
            1.6 * deviation,
        )
    return table


def exact(table: Doubles) -> Doubles:
    """The same by the scalar kernel, one cell after the other."""
    found = np.zeros((table.shape[1], 40))
    for row in range(table.shape[1]):
        forward, strike, call, inverse, value, *deviations = table[:, row].tolist()
        for number, (factor, which) in enumerate(zip(FACTORS, VOLATILITIES, strict=True)):
            moved = forward * float(factor)
            worth = black76.price(moved, strike, 1.0, deviations[which], call != 0.0)
            found[row, number] = (worth / moved if inverse else worth) - value
    return found


def test_every_cell_is_the_option_priced_anew(kernel: Kernel) -> None:
    options = columns()

    filled, wanted = kernel.fill(options), exact(options)

    scales = np.maximum(np.abs(wanted), np.abs(options[4])[:, np.newaxis])
    assert np.max(np.abs(filled - wanted) / np.maximum(scales, 1e-9)) < 1e-11
    assert np.all(filled[:, len(FACTORS) :] == 0.0)


def test_only_the_rows_that_are_named_are_filled(kernel: Kernel) -> None:
    options = columns()
    rows = [3, 149, 77, 0]

    filled, wanted = kernel.fill(options, rows), kernel.fill(options)

    assert np.array_equal(filled[rows], wanted[rows])
    others = np.setdiff1d(np.arange(150), rows)
    assert np.all(filled[others] == -7.0)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 128])
def test_a_row_is_the_same_in_any_company(kernel: Kernel, count: int) -> None:
    options = columns()

    filled = kernel.fill(np.ascontiguousarray(options[:, :count]))

    assert np.array_equal(filled, kernel.fill(options)[:count])


def test_without_volatility_the_intrinsic_value_is_left(kernel: Kernel) -> None:
    options = np.zeros((8, 2))
    options[:2] = [[100.0, 100.0], [90.0, 90.0]]
    options[2] = [1.0, 0.0]

    filled = kernel.fill(options)

    # Forwards 34, 84, 100, 100, 116, 600.
    assert filled[0, :6] == pytest.approx([0.0, 0.0, 10.0, 10.0, 26.0, 510.0])
    assert filled[1, :6] == pytest.approx([56.0, 6.0, 0.0, 0.0, 0.0, 0.0])


def test_a_call_and_a_put_that_are_marked_alike_are_both_right(kernel: Kernel) -> None:
    singles = columns(100)
    pairs = np.repeat(singles, 2, axis=1)
    pairs[2] = np.tile([1.0, 0.0], 100)
    pairs[5, 7] *= 1.1  # but this pair is not

    filled, wanted = kernel.fill(pairs), exact(pairs)

    assert np.max(np.abs(filled - wanted)) < 1e-10 * 61_800
    parity = filled[::2] - filled[1::2]
    assert parity[20, 2] == pytest.approx(wanted[40, 2] - wanted[41, 2])


def test_nothing_to_fill_is_no_mistake(kernel: Kernel) -> None:
    assert kernel.fill(np.zeros((8, 0))).shape == (0, 40)
    assert np.all(kernel.fill(columns(3), []) == -7.0)


# Four instruments of two expiries, three scenarios; the third counts half, with 1 forgiven.
TABLE = np.zeros((4, 40))
TABLE[:, :3] = [[1.0, -2.0, -10.0], [0.5, 0.5, 0.5], [-3.0, 1.0, 0.0], [0.0, 0.0, 100.0]]
DELTAS = np.array([1.0, 0.5, 1.0, -0.25])
SLOTS = np.array([0, 0, 1, 1])
CHARGES = np.array([0.01, 0.02])
WEIGHTS = np.zeros((2, 40))
WEIGHTS[0, :3] = [1.0, 1.0, 0.5]
WEIGHTS[1, 2] = 1.0
OPTIONS = np.array([0, 1, 0, 1])
# At most a tenth of a coin, growing by a hundredth with each coin beyond two.
TERMS = np.array([0.1, 0.01, 2.0, 0.8])


def account(kernel: Kernel, sizes: dict[int, float]) -> Any:
    rows = np.array(list(sizes), dtype=np.int64)
    held = np.array(list(sizes.values()), dtype=np.float64)
    return kernel.account(TABLE, DELTAS, SLOTS, OPTIONS, CHARGES, WEIGHTS, TERMS, rows, held)


def test_an_account_is_the_sum_of_its_positions(kernel: Kernel) -> None:
    held = account(kernel, {0: 2.0, 1: -4.0})

    # 2 of the first less 4 of the second.
    assert held.sums()[:4] == [0.0, -6.0, -22.0, 0.0]
    # The third scenario: half of 22, 1 forgiven. Both deltas are 2 and cancel.
    assert held.scan() == pytest.approx((10.0, 8.0, 10.0, 0.0, 0.0, 0.0))


def test_the_delta_of_each_expiry_is_charged(kernel: Kernel) -> None:
    held = account(kernel, {0: 3.0, 2: -2.0})

    initial, maintenance, loss, roll, shock, delta = held.scan()

    # 3 coins long in the first expiry, 2 short in the second: 0.03 and 0.04.
    assert roll == pytest.approx(0.07)
    assert delta == pytest.approx(1.0)
    assert shock == 0.0
    assert loss == pytest.approx(14.0)
    assert initial == pytest.approx(14.07)
    assert maintenance == pytest.approx(0.8 * 14.07)


def test_a_large_delta_costs_more_the_larger_it_is(kernel: Kernel) -> None:
    # 5 coins, 3 too many: 0.03 each; 50 and 5,000: a tenth each.
    assert account(kernel, {0: 5.0}).scan()[4] == pytest.approx(0.15)
    assert account(kernel, {1: -100.0}).scan()[4] == pytest.approx(5.0)
    assert account(kernel, {2: 5_000.0}).scan()[4] == pytest.approx(500.0)


def test_bought_options_take_from_a_delta_and_add_to_none(kernel: Kernel) -> None:
    # 20 options of half a coin; then against 15 coins short, 10 short, and 5 long.
    assert account(kernel, {1: 20.0}).scan()[4] == 0.0
    assert account(kernel, {1: 20.0, 0: -15.0}).scan()[4] == pytest.approx(5 * 0.03)
    assert account(kernel, {1: 20.0, 0: -5.0}).scan()[4] == 0.0
    assert account(kernel, {1: 20.0, 0: 5.0}).scan()[4] == pytest.approx(5 * 0.03)


def test_one_order_more_costs_one_row(kernel: Kernel) -> None:
    held = account(kernel, {0: 1.0})

    assert held.what_if(2, 2.0) == pytest.approx(account(kernel, {0: 1.0, 2: 2.0}).scan())
    assert held.what_if(3, -1.0) == pytest.approx(account(kernel, {0: 1.0, 3: -1.0}).scan())
    short = account(kernel, {0: 9.0, 1: -10.0})
    for size in (-5.0, 4.0, 30.0):
        anew = account(kernel, {0: 9.0, 1: size - 10.0})
        assert short.what_if(1, size) == pytest.approx(anew.scan())
    # Nothing has changed by asking.
    assert held.scan() == pytest.approx(account(kernel, {0: 1.0}).scan())


def test_an_account_without_positions_needs_nothing(kernel: Kernel) -> None:
    empty = account(kernel, {})

    assert empty.scan() == (0.0,) * 6
    assert empty.what_if(0, 1.0)[2] == pytest.approx(4.0)


def test_what_is_written_to_the_table_counts_from_the_next_scan_on(kernel: Kernel) -> None:
    table, rows = TABLE.copy(), np.array([0], dtype=np.int64)
    held = kernel.account(
        table, DELTAS, SLOTS, OPTIONS, CHARGES, WEIGHTS, TERMS, rows, np.array([1.0])
    )

    table[0, 1] = -50.0

    assert held.scan()[2] == pytest.approx(50.0)


def test_rows_and_slots_that_do_not_exist_are_our_mistake(kernel: Kernel) -> None:
    with pytest.raises(AssertionError):
        account(kernel, {4: 1.0})
    with pytest.raises(AssertionError):
        account(kernel, {0: 1.0}).what_if(4, 1.0)
    with pytest.raises(AssertionError):
        kernel.fill(columns(3), [3])
