"""Basel capital: published risk weights, floors, the output floor, conservation of capital, provisions, refusals."""

import inspect
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.formulas import irb
from stresslab.measures.formulas.asrf import conditional_pd
from stresslab.measures.formulas.irb import (
    basel_rules,
    conservation_ratio,
    defaulted_capital,
    general_provisions_in_tier2,
    output_floor,
    tier2_from_provisions,
)
from stresslab.schema import InputError

CLASSES = sorted(basel_rules()["floors"])
few = settings(max_examples=40, deadline=None)
rates = st.floats(0.0, 0.999)
losses = st.floats(0.0, 1.0)
amounts = st.floats(0.0, 1e12)

# Basel II (June 2006), Annex 5, retail columns, all in percent: PD, then mortgages at LGD 45 and 25, other retail at 45
# and 85, qualifying revolving at 45 and 85. Rows to 2.50 and mortgages at 3.00 were read, the others only recalled.
ANNEX = np.array(
    [
        [0.03, 4.15, 2.30, 4.45, 8.41, 0.98, 1.85],
        [0.05, 6.23, 3.46, 6.63, 12.52, 1.51, 2.86],
        [0.10, 10.69, 5.94, 11.16, 21.08, 2.71, 5.12],
        [0.25, 21.30, 11.83, 21.15, 39.96, 5.76, 10.88],
        [0.40, 29.94, 16.64, 28.42, 53.69, 8.41, 15.88],
        [0.50, 35.08, 19.49, 32.36, 61.13, 10.04, 18.97],
        [0.75, 46.46, 25.81, 40.10, 75.74, 13.80, 26.06],
        [1.00, 56.40, 31.33, 45.77, 86.46, 17.22, 32.53],
        [1.30, 67.00, 37.22, 50.80, 95.95, 21.02, 39.70],
        [1.50, 73.45, 40.80, 53.37, 100.81, 23.40, 44.19],
        [2.00, 87.94, 48.85, 57.99, 109.53, 28.92, 54.63],
        [2.50, 100.64, 55.91, 60.90, 115.03, 33.98, 64.18],
        [3.00, 111.99, 62.22, 62.79, 118.61, 38.66, 73.03],
        [4.00, 131.63, 73.13, 65.01, 122.80, 47.16, 89.08],
        [5.00, 148.22, 82.35, 66.42, 125.45, 54.75, 103.41],
        [6.00, 162.52, 90.29, 67.73, 127.94, 61.61, 116.37],
        [10.0, 204.41, 113.56, 75.54, 142.69, 83.89, 158.47],
        [15.0, 235.72, 130.96, 88.60, 167.36, 103.89, 196.23],
        [20.0, 253.12, 140.62, 100.28, 189.41, 117.99, 222.86],
    ]
)
COLUMNS = [
    (1, "mortgage", 0.45),
    (2, "mortgage", 0.25),
    (3, "other_retail", 0.45),
    (4, "other_retail", 0.85),
    (5, "qrre_revolver", 0.45),
    (6, "qrre_transactor", 0.85),
]


@pytest.mark.parametrize(("column", "exposure_class", "lgd"), COLUMNS)
def test_the_published_risk_weights(column, exposure_class, lgd):
    found = 100 * irb.risk_weight(ANNEX[:, 0] / 100, lgd, exposure_class, floored=False)
    assert found == pytest.approx(ANNEX[:, column], abs=0.01)


@pytest.mark.parametrize(("column", "exposure_class", "lgd"), COLUMNS)
def test_the_published_risk_weights_tell_a_wrong_sign_of_the_level(column, exposure_class, lgd):
    pd = ANNEX[:, 0] / 100
    found = []
    for z in (-3.090232306, 3.090232306):  # the factor is low in bad times, so G(0.999) enters with a plus
        worst = [float(conditional_pd(p, float(irb.correlation(p, exposure_class)), z)) for p in pd]
        found.append(1250 * lgd * (np.array(worst) - pd))
    assert found[0] == pytest.approx(ANNEX[:, column], abs=0.01)
    assert (found[1] < 0.0).all()


@pytest.mark.parametrize(
    ("exposure_class", "lgd", "published"),
    [
        ("mortgage", 0.2, [0.0200529513109492, 0.072679289475851, 0.0001996680404597]),
        ("qrre_revolver", 0.7, [0.0214345101785415, 0.104400546577197, 0.00064614706087279]),
        ("qrre_transactor", 0.7, [0.0214345101785415, 0.104400546577197, 0.00064614706087279]),
        ("other_retail", 0.4, [0.0325494930426509, 0.0537193288676191, 0.0003535564621715]),
    ],
)
@pytest.mark.parametrize("floored", [True, False])
def test_published_capital_to_many_digits(exposure_class, lgd, published, floored):
    pd = [0.01, 0.1, 0.999]
    assert irb.capital(pd, lgd, exposure_class, floored) == pytest.approx(published, abs=1e-12, rel=0)
    assert irb.capital(pd, lgd * 1.0001, exposure_class, floored) != pytest.approx(published, abs=1e-12, rel=0)


def test_worked_numbers_of_cards_and_other_retail():
    capital = irb.capital(0.03, 0.75, "qrre_revolver")
    assert capital / 0.75 + 0.03 == pytest.approx(0.0987362629, abs=5e-11)
    assert capital == pytest.approx(0.0515521972, abs=5e-11)
    assert 100 * irb.risk_weight(0.03, 0.75, "qrre_revolver") == pytest.approx(64.4402, abs=5e-5)
    assert irb.expected_loss(0.03, 0.75, "qrre_revolver") == pytest.approx(0.0225, rel=1e-12)
    assert irb.correlation([0.01, 0.05], "other_retail") == pytest.approx([0.12160945, 0.05259061], abs=5e-9)
    assert 100 * irb.risk_weight(0.03, 0.65, "other_retail") == pytest.approx(90.6994, abs=5e-5)


@few
@given(rates, losses, st.sampled_from(CLASSES))
def test_capital_is_the_loss_in_the_thousandth_worst_year_above_the_expected(pd, lgd, exposure_class):
    w = (1 - math.exp(-35 * pd)) / (1 - math.exp(-35))
    rho = {"mortgage": 0.15, "other_retail": 0.03 * w + 0.16 * (1 - w)}.get(exposure_class, 0.04)
    plain = lgd * (float(conditional_pd(pd, rho, -3.090232306167813)) - pd)
    assert irb.correlation(pd, exposure_class) == pytest.approx(rho, rel=1e-12)
    assert irb.capital(pd, lgd, exposure_class, floored=False) == pytest.approx(plain, abs=1e-12)
    assert irb.risk_weight(pd, lgd, exposure_class) == pytest.approx(12.5 * irb.capital(pd, lgd, exposure_class))


@few
@given(rates, rates, losses, st.sampled_from(CLASSES))
def test_the_worst_loss_and_the_expected_rise_with_pd(pd, other, lgd, exposure_class):
    low, high = sorted((pd, other))
    expected = irb.expected_loss([low, high], lgd, exposure_class)
    assert expected[0] <= expected[1]
    if exposure_class != "other_retail":  # whose correlation falls as the PD rises
        worst = expected + irb.capital([low, high], lgd, exposure_class)
        assert worst[0] <= worst[1] * (1 + 1e-12)


FLOORS = [
    ("qrre_revolver", None, 0.001, 0.50),
    ("qrre_transactor", None, 0.0005, 0.50),
    ("mortgage", None, 0.0005, 0.05),
    ("other_retail", None, 0.0005, 0.30),
    ("other_retail", "unsecured", 0.0005, 0.30),
    ("other_retail", "financial", 0.0005, 0.0),
    ("other_retail", "receivables", 0.0005, 0.10),
    ("other_retail", "real_estate", 0.0005, 0.10),
    ("other_retail", "other_physical", 0.0005, 0.15),
]


@pytest.mark.parametrize(("exposure_class", "secured", "pd", "lgd"), FLOORS)
def test_floors_of_inputs_hold_for_capital_and_expected_loss(exposure_class, secured, pd, lgd):
    for measure in (irb.capital, irb.risk_weight, irb.expected_loss):
        at_floor = measure(pd, lgd, exposure_class, False)
        assert measure(pd / 10, lgd / 10, exposure_class, secured=secured) == at_floor
        assert measure(pd, lgd, exposure_class, secured=secured) == at_floor
        above = measure(2 * pd, lgd + 0.1, exposure_class, secured=secured)
        assert above == measure(2 * pd, lgd + 0.1, exposure_class, False)
        assert above > at_floor
    assert irb.expected_loss(pd / 10, lgd / 10, exposure_class, secured=secured) == pytest.approx(pd * lgd, rel=1e-12)
    assert irb.expected_loss(pd / 10, 0.9, exposure_class, False) == pytest.approx(pd * 0.09, rel=1e-12)


def test_a_transactor_has_the_lower_floor_of_pd():
    assert irb.capital(0.0001, 0.75, "qrre_transactor") < irb.capital(0.0001, 0.75, "qrre_revolver")


@few
@given(st.floats(0.0, 0.01), losses, st.sampled_from(CLASSES))
def test_floors_of_inputs_never_lower_capital_of_low_pds(pd, lgd, exposure_class):
    assert irb.capital(pd, lgd, exposure_class) >= irb.capital(pd, lgd, exposure_class, floored=False)


def test_shapes_broadcast():
    pd, lgd = np.array([0.01, 0.03, 0.05]), np.array([[0.5], [0.75]])
    for exposure_class in CLASSES:
        found = irb.capital(pd, lgd, exposure_class)
        each = [float(irb.capital(p, s, exposure_class)) for s in lgd.ravel() for p in pd]
        assert found.shape == (2, 3)
        assert found.ravel() == pytest.approx(each, rel=1e-14)
        assert irb.correlation(pd, exposure_class).shape == (3,)


def test_capital_of_exposures_in_default():
    assert defaulted_capital(0.75, [0.65, 0.75, 0.8]) == pytest.approx([0.1, 0.0, 0.0], abs=1e-15)


def test_output_floor_of_the_rule():
    # RBC20.13 and RBC90.2: 76 before the floor, 140 by standardised approaches
    assert output_floor(76.0, 140.0, 2028) == pytest.approx(101.5, rel=1e-12)
    assert output_floor(76.0, 140.0, 2035, cap=None) == pytest.approx(101.5, rel=1e-12)
    assert output_floor(76.0, 140.0, 2027) == pytest.approx(95.0, rel=1e-12)
    assert output_floor(76.0, 140.0, 2027, cap=None) == pytest.approx(98.0, rel=1e-12)
    assert output_floor(76.0, 140.0, 2027, cap=0.1) == pytest.approx(83.6, rel=1e-12)
    assert output_floor(76.0, 140.0, 2028, cap=0.1) == pytest.approx(101.5, rel=1e-12)  # the cap has ended


def test_output_floor_is_phased_in():
    shares = [float(output_floor(0.0, 100.0, year, cap=None)) for year in range(2023, 2031)]
    assert shares == pytest.approx([50, 55, 60, 65, 70, 72.5, 72.5, 72.5])
    assert output_floor([50.0, 80.0], 100.0, np.int64(2026), None).tolist() == [65.0, 80.0]


@few
@given(amounts, amounts, st.integers(2023, 2040), st.none() | st.floats(0.0, 1.0))
def test_output_floor_never_lowers_and_the_cap_never_raises(rwa, standardised, year, cap):
    found = output_floor(rwa, standardised, year, cap)
    assert rwa <= found <= output_floor(rwa, standardised, year, None) <= max(rwa, 0.725 * standardised)
    assert found >= output_floor(rwa, standardised, max(year - 1, 2023), cap)


def test_conservation_steps():
    edges = [0.045, 0.05125, 0.0575, 0.06375, 0.07]
    assert conservation_ratio(edges).tolist() == [1.0, 1.0, 0.8, 0.6, 0.4]
    assert conservation_ratio(np.array(edges) + 1e-6).tolist() == [1.0, 0.8, 0.6, 0.4, 0.0]
    assert conservation_ratio(-1e30) == 1.0
    assert conservation_ratio([[-0.02, 0.0], [0.0449, 1.0]]).tolist() == [[1.0, 1.0], [1.0, 0.0]]
    assert conservation_ratio([0.05625, 0.06, 0.075, 0.08], minimum=0.05).tolist() == [1.0, 0.8, 0.4, 0.0]
    assert conservation_ratio([0.055, 0.055], buffer=0.05).tolist() == [1.0, 1.0]


@few
@given(st.floats(-0.5, 1.0), st.floats(-0.5, 1.0), st.floats(0.01, 0.1), st.floats(0.005, 0.1))
def test_more_capital_never_means_more_earnings_kept(one, other, minimum, buffer):
    low, high = sorted((one, other))
    found = conservation_ratio([low, high], minimum, buffer)
    assert found[0] >= found[1]
    assert conservation_ratio(minimum + 1.001 * buffer, minimum, buffer) == 0.0
    assert conservation_ratio(minimum + 0.999 * buffer, minimum, buffer) == 0.4


def test_provisions_and_capital_by_hand():
    deduction, addition = tier2_from_provisions([8.0, 10.0, 13.0, 20.0], 10.0, 1000.0)
    assert deduction.tolist() == [2.0, 0.0, 0.0, 0.0]
    assert addition.tolist() == [0.0, 0.0, 3.0, 6.0]
    assert general_provisions_in_tier2([10.0, 12.5, 20.0], 1000.0).tolist() == [10.0, 12.5, 12.5]


@few
@given(amounts, amounts, amounts)
def test_provisions_are_a_deduction_or_an_addition(provisions, expected, rwa):
    deduction, addition = tier2_from_provisions(provisions, expected, rwa)
    assert min(deduction, addition) == 0.0
    assert addition <= 0.006 * rwa
    assert addition - deduction <= provisions - expected or addition == 0.0
    assert np.shape(tier2_from_provisions(provisions, expected, [rwa, rwa])[0]) == (2,)


def test_defaults_are_the_numbers_of_the_file():
    rules = basel_rules()
    default = {name: p.default for name, p in inspect.signature(conservation_ratio).parameters.items()}
    assert default["minimum"] == rules["conservation"]["minimum"]["ratio"]
    assert default["buffer"] == rules["conservation"]["buffer"]["ratio"]
    assert inspect.signature(output_floor).parameters["cap"].default == rules["output_floor"]["cap"]["share"]


def numbers_without_source(table, path=()):
    """Paths of numbers in tables that do not say where they stand and how far that was checked."""
    plain = [key for key, value in table.items() if isinstance(value, int | float | list)]
    said = isinstance(table.get("source"), str) and table.get("status") in ("text", "secondary", "unconfirmed")
    found = [(*path, key) for key in plain if not said]
    for key, value in table.items():
        if isinstance(value, dict) and key != "lgd":  # an inline table, under the source of its parent
            found += numbers_without_source(value, (*path, key))
    return found


def test_every_number_of_the_file_has_a_source_and_a_status():
    assert numbers_without_source(basel_rules()) == []
    assert numbers_without_source({"a": {"b": 1.0, "source": "x", "status": "hearsay"}}) == [("a", "b")]


@pytest.mark.parametrize(
    ("call", "faults"),
    [
        (
            lambda: irb.capital(1.0, 45.0, "card", "yes", "gold"),
            [
                "exposure_class: found 'card', .*'mortgage'",
                r"pd: found 1.*defaulted_capital",
                "lgd: found 45",
                "floored: found 'yes'",
            ],
        ),
        (
            lambda: irb.risk_weight([0.1, math.nan], -0.1, "other_retail", True, "gold"),
            ["secured: found 'gold', .*'receivables'", r"pd: found nan at position \[1\]", "lgd: found -0"],
        ),
        (
            lambda: irb.expected_loss(0.1, 0.1, "qrre_revolver", True, "financial"),
            [r"secured: .*\['unsecured'\] for qrre"],
        ),
        (
            lambda: irb.expected_loss(0.1, 0.1, ["mortgage"], 2),
            [r"exposure_class: found \['mortgage'\]", "floored: found 2"],
        ),
        (lambda: irb.capital([0.1] * 2, [0.1] * 3, "mortgage"), [r"pd, lgd: found shapes \(2,\), \(3,\)"]),
        (lambda: irb.correlation(-0.1, None), [r"pd: found -0\.1", "exposure_class: found None"]),
        (lambda: defaulted_capital(-1.0, math.inf), ["lgd: found -1", "best_estimate_loss: found inf"]),
        (
            lambda: output_floor(-1.0, math.nan, 2022, -0.25),
            [
                "year: found 2022, expected a whole year from 2023",
                "rwa: found -1",
                "rwa_standardised: found nan",
                "cap: found -0",
            ],
        ),
        (lambda: output_floor(1.0, 1.0, 2027.5, [0.1]), [r"year: found 2027\.5", r"cap: found shape \(1,\)"]),
        (lambda: output_floor(1.0, 1.0, 2027, math.inf), ["cap: found inf, expected a finite decimal"]),
        (
            lambda: conservation_ratio([0.05, math.nan, 7.0], 4.5, 0.0),
            [
                r"cet1_ratio: found nan at position \[1\] \(and 1 more\), .*0\.07, not 7",
                r"minimum: found 4\.5",
                "buffer: found 0",
            ],
        ),
        (
            lambda: conservation_ratio(-math.inf, [0.045], 2.5),
            ["cet1_ratio: found -inf", "buffer: found 2", "minimum: found "],
        ),
        (
            lambda: tier2_from_provisions(-1.0, math.nan, math.inf),
            ["provisions: found -1", "expected_loss: found nan", "rwa: found inf"],
        ),
        (lambda: general_provisions_in_tier2(None, "x"), ["general: found None", "rwa: found 'x', .*give numbers"]),
    ],
)
def test_bad_input_is_refused_by_name_and_all_at_once(call, faults):
    with pytest.raises(InputError) as caught:
        call()
    assert len(caught.value.faults) == len(faults), caught.value
    for fault, words in zip(caught.value.faults, faults, strict=True):
        assert re.match(words, fault), fault
