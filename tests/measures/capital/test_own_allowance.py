"""The allowance of the own part: made under a provisioning regime, by currency, or given and held to the same run."""

import numpy as np
import pytest
import xarray as xr

from stresslab.measures.capital.adequacy import capital_adequacy
from stresslab.measures.capital.statements import financial_statements
from stresslab.measures.liquidity.funding import Partners, Trigger
from stresslab.measures.liquidity.on_balance_sheet import grow, own_part
from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.provisions.regimes import IFRS9
from stresslab.schema import InputError
from stresslab.studies.outcomes import lowest_ratio
from tests.measures.hand import random_terms
from tests.measures.twin_capital import FULL, OURS, REVOLVING, capital_book, hand_parameters, sheet_of

TERMS = random_terms(3, segments=OURS, revolving=REVOLVING, rate=0.0137)


@pytest.mark.parametrize("provisioning", ["china", "ifrs9", "cecl", IFRS9()])
def test_an_allowance_made_is_the_allowance_given(provisioning):
    book = capital_book(3)
    sheet = sheet_of(book, FULL)
    terms = None if provisioning == "china" else TERMS
    given = provisions(own_part(book, sheet.funding.partners), provisioning, terms)
    one = capital_adequacy(book, sheet, provisioning=provisioning, terms=terms)
    other = capital_adequacy(book, sheet, allowance=given)
    xr.testing.assert_identical(one, other)
    lines = financial_statements(book, sheet, provisioning=provisioning, terms=terms)
    xr.testing.assert_equal(lines, other[list(lines.data_vars)].drop_vars("level", errors="ignore"))
    lowest = lowest_ratio(sheet, provisioning=provisioning, terms=terms)(book)
    np.testing.assert_array_equal(lowest, other["cet1_minimum"])


@pytest.mark.parametrize(
    ("currency", "provisioning", "regime"),
    [("CNY", "china", "china-2023"), ("USD", "cecl", "basel-standardised"), ("EUR", "ifrs9", "basel-standardised")],
)
def test_rules_follow_the_currency(currency, provisioning, regime):
    book = capital_book(3).assign_attrs(currency=currency)
    found = capital_adequacy(book, sheet_of(book, FULL), terms=None if currency == "CNY" else TERMS)
    assert (found.attrs["provisioning"], found.attrs["capital_regime"]) == (provisioning, regime)


def test_what_needs_terms_says_so_and_why():
    book = capital_book(3).assign_attrs(currency="USD")
    with pytest.raises(InputError, match=r"terms: found none, .*'cecl', the default for currency 'USD'; give terms="):
        capital_adequacy(book, sheet_of(book, FULL))
    with pytest.raises(InputError, match=r"terms: found none, expected term structures for provisioning 'ifrs9'; give"):
        financial_statements(book, sheet_of(book, FULL), provisioning="ifrs9")
    with pytest.raises(InputError, match="terms: found none") as caught:
        lowest_ratio(sheet_of(book, FULL), "basel-irb")(book)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["parameters", "terms"]


@pytest.mark.parametrize(
    "beside", [{"provisioning": "china"}, {"terms": TERMS}, {"provisioning": "cecl", "terms": TERMS}]
)
def test_an_allowance_beside_a_way_to_make_one_is_refused(beside):
    book = capital_book(3)
    held = provisions(own_part(book), "china")
    with pytest.raises(InputError, match=f"allowance: found beside {' and '.join(beside)}, expected either"):
        financial_statements(book, sheet_of(book, FULL | {"leaving": False}), allowance=held, **beside)


OTHERS = {
    "seed": (lambda book: book.assign_attrs(seed="12"), "allowance: found seed '12'"),
    "portfolio": (lambda book: book.assign_attrs(fingerprint="else"), "allowance: found fingerprint 'else'"),
    "growth": (lambda book: grow(book, 0.1), "allowance: found annual_growth 0.1, expected None"),
    "economy": (lambda book: book.assign(balance=1.1 * book["balance"]), "allowance: found a balance of"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_allowance_of_another_run_is_refused_by_what_tells_them_apart(name):
    change, message = OTHERS[name]
    book = capital_book(3)
    held = provisions(own_part(change(book)), "china")
    with pytest.raises(InputError, match=message):
        financial_statements(book, sheet_of(book, FULL | {"leaving": False}), allowance=held)


def test_an_allowance_of_another_withdrawal_is_refused():
    book = capital_book(3)
    sheet = sheet_of(book, FULL)
    assert "partners" in own_part(book, sheet.funding.partners).attrs
    with pytest.raises(InputError, match="allowance: found partners None, expected"):
        financial_statements(book, sheet, allowance=provisions(own_part(book), "china"))
    other = Partners(Trigger(arrears_30=0.0813, months=2), 1, 0.5)
    with pytest.raises(InputError, match=r"allowance: found partners.withdrawn_share 0\.5 .*expected 0\.8"):
        financial_statements(book, sheet, allowance=provisions(own_part(book, other), "china"))


def test_an_irb_regime_takes_either_provisioning():
    book = capital_book(3)
    parameters = hand_parameters(0.05, 0.6, 0.5, OURS)
    for provisioning, terms in (("china", None), ("ifrs9", TERMS)):
        found = capital_adequacy(
            book, sheet_of(book, FULL), "basel-irb", provisioning=provisioning, terms=terms, parameters=parameters
        )
        assert found.attrs["provisioning"] == provisioning
