"""One life on one page: three panels whose lines, shades and marks are the numbers they were given."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from stresslab.engine.simulate import simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.shock import shock_scenario
from stresslab.schema import InputError
from stresslab.views import plot
from stresslab.views.life import SYMBOLS

MONTHS = 8
LATE = [0, 0, 30, 60, 60, 90, 0, 0, 0]
PLAN = [60, 90, 0, 0, 90, 120, 120, 0, 0]
EVENTS = {
    "paid": [[0, 5, 0, 0, 5, 0, 0, 0, 0], [0, 0, 5, 5, 0, 0, 5, 5, 5], [0, 5, 5, 5, 5, 5, 5, 5, 5]],
    "written_off": [[0, 0, 0, 0, 0, 0, 90, 0, 0], [0] * 9, [0] * 9],
    "contact": [[0, 0, 0, 0.6, 0.5, 0.9, 1, 0, 0], [0, 0.4, 0, 0, 0, 0, 0, 0, 0], [0] * 9],
    "restructured": [[0] * 9, [0, 0, 1, 0, 0, 0, 0, 0, 0], [0] * 9],
    "redefaulted": [[0] * 9, [0, 0, 0, 0, 1, 0, 0, 0, 0], [0] * 9],
    "cause": [[-1, -1, 2, -1, -1, -1, -1, -1, -1], [-1] * 9, [-1] * 9],
}


def trace():
    """Two paths of two borrowers, 7 with two loans and 9 with one; path 1 is path 0 but for twice the pay."""
    months = np.arange(MONTHS + 1)
    pay = np.stack([2_000.0 + 100.0 * months, 9_000.0 + 0.0 * months], -1) * (months > 0)[:, None]
    jobless = np.stack([np.clip(months - 4, 0, 2), 0 * months], -1)
    owed = np.array([[100.0] * 6 + [0.0] * 3, [50.0] * 9, [70.0] * 9]).T
    person = {
        "pay": pay,
        "buffer": np.stack([500.0 - 50.0 * months, 900.0 + 0.0 * months], -1),
        "necessities": np.stack([1_500.0 + 0.0 * months, 1_000.0 + 0.0 * months], -1),
        "jobless_months": jobless,
    }
    loans = {name: np.array(rows, float).T for name, rows in EVENTS.items()}
    loans |= {
        "balance": owed,
        "claim": np.array([[0.0] * 6 + [90.0] * 3, [0.0] * 9, [0.0] * 9]).T,
        "days_past_due": np.array([LATE, PLAN, [0] * 9], float).T,
        "due": np.full((9, 3), 5.0),
    }
    twice = {"pay": [1.0, 2.0]}

    def paths(name, values):
        return np.stack([factor * values for factor in twice.get(name, [1.0, 1.0])])

    variables = {f"trace_{name}": (("path", "month", "traced"), paths(name, one)) for name, one in person.items()}
    variables |= {f"trace_{name}": (("path", "month", "traced_loan"), paths(name, one)) for name, one in loans.items()}
    coords = {
        "path": [2, 5],
        "month": months,
        "traced": [7, 9],
        "traced_loan": [11, 12, 20],
        "traced_borrower": ("traced_loan", [7, 7, 9]),
        "traced_lender": ("traced_loan", ["ours", "bank", "ours"]),
        "traced_product": ("traced_loan", ["card", "loan", "loan"]),
    }
    return xr.Dataset(variables, coords, {"currency": "CNY", "as_of": "2020-01"})


def drawn(result=None, *which, **more):
    figure = plot.life(
        trace() if result is None else result, *which, figure=Figure((10, 8), layout="constrained"), **more
    )
    return figure, *figure.axes


def months_of(ax, name):
    """Months in which a mark stands (row -> months)."""
    look = SYMBOLS[name]
    lines = [
        line
        for line in ax.lines
        if line.get_marker() == look["marker"] and mpl.colors.same_color(line.get_color(), look["color"])
    ]
    found = {}
    for line in lines:
        for month, row in zip(line.get_xdata(), line.get_ydata(), strict=True):
            found.setdefault(int(row), []).append(int(month))
    return found


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_three_panels_one_above_the_other():
    figure, top, middle, bottom = drawn()
    assert len(figure.axes) == 3
    assert [ax.get_title() for ax in figure.axes] == [""] * 3
    assert figure.get_suptitle() == "Borrower 7, path 2: owes CNY 140 at the end"
    assert top.get_ylabel() == "in the month [CNY thousand]"
    assert middle.get_ylabel() == "owed [CNY]"
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "", "months after 2020-01"]
    assert top.get_xlim() == middle.get_xlim() == bottom.get_xlim() == (-0.5, 8.5)
    assert [text.get_text() for text in bottom.get_yticklabels()] == ["ours: card", "bank: loan"]


def test_legends_name_everything():
    _, top, middle, bottom = drawn()
    assert legend(top) == ["pay", "necessities, expenses", "buffer", "without a job"]
    assert legend(middle) == ["written off, still owed", "30 days or more past due", "current"]
    assert legend(bottom) == [*SYMBOLS, "30-59 days", "90-119 days", "180-269 days", "360+ days"]


def test_pay_costs_and_buffer_by_hand():
    _, top, *_ = drawn()
    pay, necessities, buffer = top.lines
    assert pay.get_xdata().tolist() == necessities.get_xdata().tolist() == list(range(1, 9))
    assert pay.get_ydata().tolist() == [2_100.0 + 100.0 * k for k in range(8)]
    assert set(necessities.get_ydata()) == {1_500.0}
    assert buffer.get_xdata().tolist() == list(range(9))
    assert buffer.get_ydata().tolist() == [500.0 - 50.0 * k for k in range(9)]
    assert len({str(line.get_linestyle()) + line.get_color() for line in top.lines}) == 3
    shaded = sorted(patch.get_xy()[0] + 0.5 for patch in top.patches)
    assert shaded == [5.0, 6.0, 7.0, 8.0]  # without a job


def heights(area):
    """Month -> lower and upper edge of a stacked area."""
    corners = area.get_paths()[0].vertices
    return {m: (corners[corners[:, 0] == m, 1].min(), corners[corners[:, 0] == m, 1].max()) for m in range(9)}


def test_what_he_owes_by_hand():
    """Both loans late in month 5: 100 + 50. In month 2 one is, and the other in a plan. From month 6 a claim of 90."""
    _, _, middle, _ = drawn()
    current, late, claim = (heights(area) for area in middle.collections)
    assert (current[5], late[5], claim[5]) == ((0, 0), (0, 150), (150, 150))
    assert (current[2], late[2]) == ((0, 50), (50, 150))
    assert (current[0], late[0]) == ((0, 100), (100, 150))
    assert (late[8], claim[8]) == ((50, 50), (50, 140))
    assert middle.get_ylim()[1] == pytest.approx(1.05 * 150)


def test_marks_are_what_happened():
    """The first loan misses in months 2, 3 and 5, holds on in month 4 by paying, is written off in month 6; the second
    misses in month 1, agrees on a plan in month 2 and breaks it in month 4."""
    *_, bottom = drawn()
    assert months_of(bottom, "missed") == {0: [2, 3, 5], 1: [1, 4, 5]}
    assert months_of(bottom, "paid") == {0: [1, 4], 1: [2, 3, 6, 7, 8]}
    assert months_of(bottom, "written off") == {0: [6]}
    assert months_of(bottom, "plan agreed") == {1: [2]}
    assert months_of(bottom, "plan broken") == {1: [4]}
    assert months_of(bottom, "reached by collectors") == {0: [3, 5, 6]}  # more than half of such late payers


def test_the_cause_is_written_where_it_was_not_cured():
    result = trace()
    *_, bottom = drawn(result)
    assert [text.get_text() for text in bottom.texts] == ["illiquidity"]
    assert bottom.texts[0].xy == (2.0, 0)
    cured = result.assign(trace_claim=result["trace_claim"] * 0.0)
    *_, bottom = drawn(cured)
    assert not bottom.texts


def test_rows_are_shaded_by_days_past_due():
    *_, bottom = drawn()
    (image,) = bottom.images
    assert image.get_array().tolist() == [[0, 0, 1, 2, 2, 3, 8, 8, 8], [2, 3, 0, 0, 3, 4, 4, 0, 0]]
    assert image.get_extent() == [-0.5, 8.5, 1.5, -0.5]


def test_another_borrower_on_another_path():
    figure, top, middle, bottom = drawn(None, 9, path=5)
    assert figure.get_suptitle() == "Borrower 9, path 5: owes CNY 70.0 at the end"
    assert set(top.lines[0].get_ydata()) == {18_000.0}
    assert [text.get_text() for text in bottom.get_yticklabels()] == ["ours: loan"]
    assert months_of(bottom, "paid") == {0: list(range(1, 9))}
    assert not months_of(bottom, "missed")
    assert not top.patches
    assert heights(middle.collections[0])[3] == (0, 70)


def test_a_new_figure_is_made_where_none_is_given():
    before = dict(mpl.rcParams)
    figure = plot.life(trace())
    assert len(figure.axes) == 3
    assert figure.get_size_inches().tolist() == [10.0, pytest.approx(7.0 + 0.38 * 2)]
    assert dict(mpl.rcParams) == before
    plt.close(figure)
    given = Figure()
    assert plot.life(trace(), figure=given) is given
    assert not plt.get_fignums()


def test_a_real_life():
    """Every miss that the trace says, of the borrowers who fell furthest behind."""
    book = synthetic_portfolio("china-online", borrowers=400, seed=1)
    late = book["borrower"].values[np.argsort(-book["days_past_due"].values, kind="stable")]
    who = book["borrower_id"].values[list(dict.fromkeys(late.tolist()))[:3]]
    macro = shock_scenario(0.2, months_to_peak=3, months=14)
    result = simulate(book, macro, seed=3, trace=who, progress=False)
    for borrower in who:
        figure, _, _, bottom = drawn(result, int(borrower))
        figure.draw_without_rendering()
        mine = result.isel(path=0, traced_loan=np.flatnonzero(result["traced_borrower"].values == borrower))
        days = mine["trace_days_past_due"].values
        written_off = mine["trace_written_off"].values > 0
        missed = np.zeros_like(written_off)
        missed[1:] = np.diff(days, axis=0) > 0
        missed &= ~written_off
        paid = (mine["trace_paid"].values > 0) & ~missed & ~written_off
        for name, happened in (("missed", missed), ("paid", paid), ("written off", written_off)):
            assert sum(map(len, months_of(bottom, name).values())) == int(happened.sum()), name
        assert figure.get_suptitle().startswith(f"Borrower {borrower}, path 0: owes CNY ")


SEVERAL = xr.concat([trace(), trace()], xr.Variable("scenario", ["one", "other"]))


@pytest.mark.parametrize(
    ("result", "wish", "message"),
    [
        ([1.0], {}, r"result: found list, expected a Dataset; give that of simulate\(trace=\[\.\.\.\]\)"),
        (trace().drop_vars("trace_pay"), {}, r"trace_pay: missing, .*call simulate\(trace="),
        (SEVERAL, {}, r"scenario: found a dimension, expected a single scenario"),
        (trace(), {"borrower": 8}, r"borrower: found 8, expected one of \[7, 9\]"),
        (trace(), {"borrower": [7]}, r"borrower: found \[7\]"),
        (trace(), {"figure": 3}, r"figure: found 3, expected a Figure or None"),
        (trace(), {"path": 0}, r"path: found 0, expected one of \[2, 5\]"),
    ],
)
def test_bad_input_is_refused_by_name(result, wish, message):
    with pytest.raises(InputError, match=message):
        plot.life(result, **wish)
    assert not plt.get_fignums()


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        plot.life(SEVERAL, 8, path=0)
    assert len(caught.value.faults) == 3
    with pytest.raises(InputError) as caught:
        plot.life(xr.Dataset())
    assert len(caught.value.faults) == 14
