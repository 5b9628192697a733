"""A sound call of every public function and class: what the family of arguments changes one argument of."""

import importlib
import inspect
import itertools
import json
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

import stresslab as sl
from stresslab.testing import made_up_result, tiny_result
from tests.fuzz.draft import scratch

FOLDER = scratch("calls")
RATE = [0.02, 0.03, 0.025, 0.02, 0.03, 0.04, 0.05, 0.03]
JOBLESS = [0.05, 0.05, 0.06, 0.05, 0.05, 0.07, 0.09, 0.06]
ROWS = {"row": ["opening", "outlook", "write_off", "closing"]}
SWING = {"low": [1.0], "high": [-1.0], "low_value": [0.1], "high_value": [0.2], "low_se": [0.1], "high_se": [0.1]}


@cache
def world():
    """Small inputs that the calls share: a portfolio, paths, a result, a funding and what is measured of them."""
    book = sl.synthetic_portfolio("china-online", borrowers=50, seed=1, seasoning_months=1)
    calm = sl.scenario("china-baseline").isel(month=slice(0, 3))
    fan = sl.macro_paths(calm, 2, seed=2)
    year = sl.macro_paths(sl.scenario("china-baseline").isel(month=slice(0, 12)), 4, seed=2)
    made = sl.simulate(book, year, seed=3, progress=False)
    funding = sl.Funding.for_book(made)
    sheet = sl.BalanceSheet(funding)
    model = sl.Model.from_preset("china-online")
    lines = {"line_supply": ("month", [0.6, 0.6, 0.6])}
    (FOLDER / "paths.csv").write_text("quarter,variable,value,unit\n" + "".join(
        f"2026Q{k},unemployment_rate,{4 + k},percent\n2026Q{k},real_income_growth,{2 - k},percent\n" for k in (1, 2)
    ))  # fmt: skip
    model.to_toml(FOLDER / "made.toml")
    return SimpleNamespace(
        book=book, large=sl.synthetic_portfolio("china-online", borrowers=2_000, seed=1, seasoning_months=6), calm=calm,
        half=sl.scenario("china-baseline").isel(month=slice(0, 6)), fan=fan, made=made, funding=funding, sheet=sheet,
        model=model, tight=calm.assign(lines),
        run=sl.simulate(book, fan, seed=3, trace=[int(book["borrower_id"][0])], progress=False),
        parameters=sl.irb_parameters(made).fillna(0.5), allowance=sl.provisions(made, "china"),
        var=sl.scenarios.VAR.fit(variables=["unemployment_rate"]),
    )  # fmt: skip


def panel_frame():
    return pd.DataFrame(
        {"loan": [1, 1, 2, 2, 3, 3, 4, 4], "month": [0, 1] * 4, "balance": 9.0, "days_past_due": [0, 30, 0, 0] * 2}
    )


def tape_frame():
    return pd.DataFrame({"granted": [100.0] * 4, "lost": [0.0, 40.0, 0.0, 60.0], "recovered": [0.0, 5.0, 0.0, 5.0]})


def history():
    return pd.DataFrame(
        {
            "unemployment_rate": np.linspace(0.05, 0.08, 16),
            "real_income_growth": 0.02,
            "charge_off_rate": np.linspace(0.04, 0.07, 16),
        },
        pd.period_range("2001Q1", "2004Q4", freq="Q"),
    )


def loans():
    return pd.DataFrame(
        {"borrower_id": ["b", "a"], "lender": "us", "product": "huabei", "balance": [90.0, 50.0],
         "limit": [100.0, 90.0], "tenor_months": 0, "remaining_months": 0, "annual_rate": 0.1, "instalment": 0.0,
         "transactor": False, "days_past_due": 0, "overdue": 0.0}
    )  # fmt: skip


def data():
    return xr.Dataset(
        {"unemployment_rate": ("time", [5.0, 8.0]), "real_income_growth": ("time", [2.0, -1.0])},
        {"time": ["2026Q1", "2026Q2"]},
    )


def warned():
    counts = {name: [1.0, 2.0] for name in ("flagged", "warned", "false_alarms", "lead_months")}
    return {"paths": 2, "entries_to_arrears": {"job_loss": [4.0, 5.0]}, **counts}


def open_lines(result):
    """Outcome for `reverse_stress` that no draw moves."""
    return result["line_supply"].isel(month=-1, segment=0)


def axes():
    return Figure().add_subplot()


def _calls(w):
    """Functions with the arguments of a sound call, all that they have but **others."""
    own, study = {"lender": "own"}, {"model": w.model, "seed": 3, "progress": False}
    formula = {"pd": 0.02, "correlation": 0.2}
    irb = {"pd": 0.02, "lgd": 0.45, "exposure_class": "qrre_revolver", "floored": True, "secured": None}
    months = {"months": (1, 2), "lender": "own", "product": None}
    of_book = {"provisioning": "china", "terms": None, "parameters": None, **own}
    levels = {"levels": (0.5, 0.9)}
    rate = sl.outcomes.loss_rate()
    pool = sl.entropy_pooling(xr.Dataset({"rate": ("path", [0.0, 1.0, 2.0])}), {"rate": 10 / 7})
    sources = {"series": ["charge_off_rate"], "source": ["observed", "model"], "quarter": ["2007Q1", "2007Q2"]}
    seen = xr.DataArray([[[0.04, 0.06], [0.05, 0.05]]], sources, ("series", "source", "quarter"))
    capital = sl.capital_adequacy(w.made, w.sheet, "china-2023", provisioning="china")
    target = sl.targets.Target("arrears", 0.05, 0.01, sl.targets.arrears_share(30, lender="all"))
    draws = {"seed": 1, "paths": 2, "quarters": 4, "draws": "random"}
    simulation = {"renewal": "static", "threads": 1, "behaviour": None}
    acting = {"responses": (), "feedback": None}
    trigger = sl.funding.Trigger(arrears_30=0.05)
    S, F, P = sl.scenarios, sl.funding, sl.plot
    yield (
        sl.simulate,
        {"portfolio": w.book, "macro": w.fan, **study, "horizon": 2, "trace": None, **simulation, **acting},
    )
    yield sl.advance, {"portfolio": w.book, "macro": w.calm, "months": 1, "model": w.model, "seed": 1, "first_month": 0,
                       "path": 0, **simulation}  # fmt: skip
    yield sl.panel, {"portfolio": w.book, "macro": w.calm, "model": w.model, "seed": 1, "months": [1], **simulation,
                     **acting}  # fmt: skip
    yield sl.check_portfolio, {"portfolio": w.book}
    yield sl.describe_portfolio, {"portfolio": w.book, "minimum_share": 0.1}
    yield sl.synthetic_portfolio, {"preset": "china-online", "borrowers": 20, "seed": 1, "model": w.model,
                                   "seasoning_months": 0}  # fmt: skip
    yield sl.read_portfolio, {"tape": loans(), "currency": "CNY", "as_of": "2026-01", "own_lender": "us",
                              "columns": None, "constants": None, "preset": "china-online", "donors": w.book,
                              "seed": 1}  # fmt: skip
    yield sl.notes, {"dataset": w.book}
    yield sl.scenario, {"name": "china-baseline"}
    yield (
        sl.scenarios.supply_stop,
        {"macro": w.calm, "months": 3, "start": 2, "supply": 0.5, "lenders": ["ant"], "products": ["jiebei"]},
    )
    yield sl.shock_scenario, {"peak": 0.08, "start": 0.052, "months_to_peak": 9, "recovery_months": 36, "months": 12,
                              "income_fall": None, "trend": 0.05, "inflation": 0.005, "policy_rate": 0.015,
                              "first_month": "2026-01"}  # fmt: skip
    yield sl.macro_paths, {"scenario": w.calm, "paths": 2, "seed": 1, "spread": 1.0, "model": None, "mode": "around",
                           "follow": ("unemployment_rate",), "draws": "random"}  # fmt: skip
    yield sl.read_scenario, {"path": FOLDER / "paths.csv", "start": None, "name": None, "trend": None, "layout": "tidy",
                             "units": None, "frequency": None}  # fmt: skip
    yield S.from_dataset, {"dataset": data(), "trend": 0.02, "units": "percent", "start": None}
    yield S.blend, {"start": w.calm, "end": w.tight, "multiple": 0.5, "variables": ("line_supply",)}
    yield S.scale, {"scenario": w.tight, "factor": 0.5, "baseline": w.calm, "variables": ("line_supply",)}
    yield S.shift, {"scenario": w.calm, "amounts": {"unemployment_rate": 0.01}}
    yield S.delay, {"scenario": w.calm, "months": 1, "before": None}
    yield S.splice, {"first": w.calm, "second": w.tight, "month": 2}
    yield S.log_density, {"fan": w.fan, "variables": ("unemployment_rate",)}
    yield S.model_from_json, {"text": S.PathModel().to_json()}
    yield S.Deviation, {"sd": 0.01, "half_life": 12.0, "correlation": 0.0}
    yield S.PathModel, {key: getattr(S.PathModel(), key) for key in S.PathModel.__dataclass_fields__}
    yield S.VAR, {"variables": ("unemployment_rate",), "coefficients": (((0.5,),),), "sample": "by hand",
                  "shrinkage": 0.0, "policy_rate_floor": -0.0075, "covariance_matrix": ((1.0,),),
                  "degrees_of_freedom": None}  # fmt: skip
    fit = {
        "history": None,
        "variables": ["unemployment_rate"],
        "max_lags": 1,
        "shrinkage": 0.2,
        "policy_rate_floor": -0.0075,
    }
    yield S.VAR.fit, fit | {"tails": "normal"}
    yield S.BlockBootstrap.fit, fit | {"block_quarters": 8}
    yield S.RegimeSwitching.fit, fit | {"regimes": 2}
    for kind in (S.BlockBootstrap, S.RegimeSwitching):
        fitted = kind.fit(variables=["unemployment_rate"])
        yield type(fitted), {key: getattr(fitted, key) for key in fitted.__dataclass_fields__}
        yield fitted.innovations, draws
    yield w.var.innovations, draws
    yield w.var.impulse_responses, {"quarters": 2}
    yield w.var.covariance, {"quarters": 2}
    yield w.var.innovation_covariance, {"quarters": 2}
    yield sl.join, {"results": [w.made.isel(path=slice(0, 2)), w.made.isel(path=slice(2, 4))], "dim": None}
    yield sl.by_lender, {"result": w.made}
    yield sl.loss_distribution, {"result": w.made, "horizon": 6, **levels, **own}
    yield sl.convergence, {"result": made_up_result(paths=40, seed=1), **levels, "target": 0.02, "horizon": 6, **own}
    yield sl.warning_quality, {"result": tiny_result(**warned()), **own}
    yield sl.entropy_pooling, {"source": xr.Dataset({"rate": ("path", [0.0, 1.0, 2.0])}), "views": {"rate": 10 / 7},
                               "least_effective": 0.1}  # fmt: skip
    yield sl.weighted_distribution, {"values": xr.DataArray([5.0, 7.0, 6.0], dims="path"), "weights": pool, **levels}
    yield sl.provisions, {"result": w.made, "provisioning": "china", "terms": None, "outlook": "adaptive",
                          "weights": None, "overlays": (), **own}  # fmt: skip
    yield sl.allowance_movement, {"provisions": w.allowance, "first": 0, "last": 3, "restated": None}
    yield sl.own_part, {"result": w.made, "partners": None, **own}
    yield sl.grow, {"result": w.made, "annual_growth": 0.1}
    for function in (sl.liquidity_ladder, sl.survival_horizon):
        yield function, {"result": w.made, "funding": w.funding, "horizon": 6, **own}
    for function in (sl.liquidity_buffer, sl.external_funding_needed):
        yield function, {"result": w.made, "funding": w.funding, "level": 0.9, "horizon": 6, **own}
    yield sl.liquidity_ratios, {"result": w.made, "funding": w.funding, "equity": 0.0, **own}
    yield sl.irb_parameters, {"result": w.made, "downturn": 1.25, **own}
    yield sl.capital_benchmark, {"result": w.made, "parameters": w.parameters, "capital_regime": "basel-irb",
                                 "level": 0.9, "horizon": 6, **own}  # fmt: skip
    sheet = {"result": w.made, "balance_sheet": w.sheet, "capital_regime": "china-2023", "allowance": None, **of_book}
    yield sl.capital_adequacy, sheet | levels
    yield sl.financial_statements, sheet
    yield sl.stress_table, {"results": capital, "months": 9, "level": 0.9, "labels": True}
    yield sl.Funding.for_book, {"result": w.made, "borrowed_share": 0.8, "liquid_share": 0.1, "months": 6,
                                "kind": "interbank", "annual_rate": 0.03, "rollover": 0.5, "tenor_months": None,
                                "pass_through": 0.0, **own}  # fmt: skip
    yield sl.BalanceSheet.for_book, {"result": w.made, "equity_share": 0.1, "liquid_share": 0.1, **own, "funding": None}
    yield w.sheet.weighed_assets, {"rules": sl.CapitalRegime.named("china-2023")}
    yield sl.CapitalRegime.named, {"name": "china-2023"}
    yield sl.Model.from_preset, {"name": "us-card"}
    yield w.model.amounts, {"products": ["huabei"]}
    yield w.model.to_toml, {"path": FOLDER / "model.toml"}
    yield sl.Model.from_toml, {"path": FOLDER / "made.toml"}
    yield w.model.replace, {"willingness.forgetting": 0.05}
    yield sl.Model, {key: getattr(w.model, key) for key in w.model.__dataclass_fields__}
    yield sl.Outlook, {"name": "central", "half_life_months": 18.0, "long_run": None, "added": 0.0, "worst_month": 12}
    yield sl.Outlook().path, {"now": 0.05, "months": 3}
    yield sl.Hurdle, {"name": "house", "ratio": "cet1_ratio", "side": "above", "limit": 0.09, "source": "own",
                      "status": "own", "label": ""}  # fmt: skip
    regime = sl.CapitalRegime.named("china-2023")
    yield sl.CapitalRegime, {key: getattr(regime, key) for key in regime.__dataclass_fields__}
    for kind in (sl.IFRS9, sl.CECL, sl.China, sl.Feedback, sl.actions.Outreach, sl.actions.EarlyWarning,
                 sl.actions.LimitManagement, sl.actions.Restructuring):  # fmt: skip
        yield kind, {key: getattr(kind(), key) for key in kind.__dataclass_fields__}
    plan = sl.actions.ContingencyPlan(responses=(sl.actions.Outreach(),))
    yield sl.actions.ContingencyPlan, {key: getattr(plan, key) for key in plan.__dataclass_fields__}
    yield sl.actions.Restructuring().unkept_monthly, {"depths": 3}
    yield sl.Overlay, {"name": "flood", "reason": "water", "share": 0.0, "amount": 1.0, "first_month": 0,
                       "last_month": None, "stage": None}  # fmt: skip
    yield F.Trigger, {"arrears_30": 0.05, "arrears_90": None, "annual_loss": None, "months": 3}
    yield F.RollOver, {"base": 0.9, "arrears_sensitivity": 0.0, "loss_sensitivity": 0.0, "normal_arrears": None,
                       "normal_loss": None}  # fmt: skip
    yield F.Borrowing, {"kind": "bond", "maturing": {2: 30.0}, "annual_rate": 0.0, "rollover": 0.0,
                        "tenor_months": None, "pass_through": 0.0}  # fmt: skip
    yield F.Securitisation, {"notes": [(80.0, 0.03)], "pool_share": 0.5, "revolving_months": 0, "early": trigger}
    yield F.Partners, {"withdrawal": trigger, "notice_months": 0, "withdrawn_share": 1.0, "taken_over": 1.0,
                       "guaranteed_share": 0.0, "annual_fee": 0.0}  # fmt: skip
    yield F.LiquidAsset, {"amount": 1.0, "asset_class": "cash", "haircut": 0.0, "months_to_sell": 0}
    yield F.ContingentLine, {"amount": 1.0, "notice_months": 0, "annual_fee": 0.0, "lost": trigger}
    yield sl.Funding, {key: getattr(w.funding, key) for key in w.funding.__dataclass_fields__}
    yield sl.BalanceSheet, {key: getattr(w.sheet, key) for key in w.sheet.__dataclass_fields__}
    A = sl.asrf
    yield A.cdf, {"x": 0.03, **formula}
    yield A.density, {"x": 0.03, **formula}
    yield A.conditional_pd, {**formula, "factor": 1.0}
    yield A.default_count_quantile, {"n": 20, **formula, "level": 0.9}
    yield A.default_count_tail, {"n": 20, **formula, "more_than": 2}
    yield (
        A.euler_contributions,
        {"weight": [0.5, 0.5], "pd": [0.02, 0.03], "correlation": 0.2, "lgd": 0.4, "level": 0.9},
    )
    for function in (A.expected_shortfall, A.granularity_adjustment, A.quantile):
        yield function, {**formula, "level": 0.9}
    yield A.implied_correlation, {"pd": 0.02, "deviation": 0.01}
    yield A.standard_deviation, formula
    yield A.systematic_factor, {"ttc_pd": 0.02, "pit_pd": 0.03, "correlation": 0.2}
    for function in (sl.irb.capital, sl.irb.expected_loss, sl.irb.risk_weight):
        yield function, irb
    yield sl.irb.correlation, {"pd": 0.02, "exposure_class": "qrre_revolver"}
    yield sl.irb.conservation_ratio, {"cet1_ratio": 0.05, "minimum": 0.045, "buffer": 0.025}
    yield sl.irb.defaulted_capital, {"lgd": 0.5, "best_estimate_loss": 0.4}
    yield sl.irb.output_floor, {"rwa": 50.0, "rwa_standardised": 100.0, "year": 2028, "cap": 0.25}
    C = sl.formulas
    yield C.dfast_loss_rate, {"adequacy": capital, "months": 9}
    yield C.expected_credit_loss, {"pd": [0.02, 0.01], "lgd": 0.5, "ead": 100.0, "rate": 0.05, "horizon": 2}
    yield C.hqla, {"level_1": 100.0, "level_2a": 60.0, "level_2b": 30.0}
    yield C.lcr, {"stock": 100.0, "outflow": 100.0, "inflow": 10.0}
    yield C.nsfr, {"available": 100.0, "required": 90.0}
    yield C.migrate_stages, {"stages": [90.0, 8.0, 2.0], "tr12": 0.05, "tr13": 0.01, "tr21": 0.2, "tr23": 0.1}
    yield C.modification_gain, {"gross": 100.0, "cash_flows": [50.0, 50.0], "rate": 0.05}
    yield C.npl_sensitivity, {"capital_ratio": 0.12, "npl_over_rwa": 0.02, "increase": 0.5, "loss": 1.0,
                              "excess_over_rwa": 0.0}  # fmt: skip
    O = sl.outcomes  # noqa: E741
    yield O.loss_rate, {"horizon": 2, **own}
    yield O.lowest_headroom, {"funding": w.funding, "horizon": 2, **own}
    yield O.lowest_ratio, {"balance_sheet": w.sheet, "capital_regime": "china-2023", "ratio": "cet1_ratio", **of_book}
    T = sl.targets
    yield T.Target, {"name": "x", "value": 0.02, "standard_error": 0.01, "statistic": T.arrears_share(30)}
    yield T.arrears_share, {"days": 30, **months, "of": "balance"}
    yield T.roll_rate, {"from_bucket": "30-59", "to_bucket": "60-89", **months, "of": "balance"}
    for function in (T.charge_off_rate_annual,):
        yield function, {**months, "net": True}
    for function in (T.default_rate_annual, T.loss_given_write_off):
        yield function, months
    yield T.vintage_loss, {"month": 3, "net": True, "lender": "own", "product": None}
    yield T.from_panel, {"frame": panel_frame(), "rolls": 1, "days": [30], "of": "balance", "cluster": "loan", **own,
                         "product": None}  # fmt: skip
    yield T.from_tape, {"frame": tape_frame(), "by": None, "lgd": True, "month": None, **own}
    figure = {"ax": axes()}
    yield P.arrears, {"result": w.made, **figure, **own}
    yield P.fan, {"result": w.made, "variable": "balance", **figure, **own, "intervals": (0.5, 0.9)}
    yield P.loss_distribution, {"losses": sl.loss_distribution(w.made, levels=0.9), **figure, "segment": "total",
                                "level": 0.9}  # fmt: skip
    yield P.buffer, {"buffer": sl.liquidity_buffer(w.made, w.funding, level=0.9), **figure}
    yield P.ladder, {"ladder": sl.liquidity_ladder(w.made, w.funding), **figure}
    yield P.survival, {"survival": sl.survival_horizon(w.made, w.funding), **figure}
    stages = tiny_result({"current": [[90.0, 80.0]], "30-59": [[8.0, 15.0]]})[["stage_balance"]].sum("segment")
    yield P.stages, {"provisions": stages, **figure}
    yield P.allowance_waterfall, {"movement": sl.allowance_movement(w.allowance), **figure}
    yield P.capital, {"adequacy": capital, "ratio": "cet1_ratio", **figure, "intervals": (0.5, 0.9)}
    yield P.life, {"result": w.run, "borrower": None, "path": None, "figure": Figure()}
    yield P.scenario, {"scenarios": [w.calm], "figure": Figure()}
    swing = {name: ("parameter", values) for name, values in SWING.items()}
    yield (
        P.tornado,
        {
            "sensitivity": xr.Dataset(swing | {"base": 20.0}, {"parameter": ["x"]}, {"outcome": "loss", "units": "1"}),
            **figure,
        },
    )
    limits = {"rate": seen, "rate_low": seen - 0.01, "rate_high": seen + 0.01, "in_test": ("quarter", [False, True])}
    yield P.backtest, {"backtest": xr.Dataset(limits, attrs={"interval": 0.9}), "series": "charge_off_rate", **figure}
    yield tiny_result, {"balance": 100.0, "paths": 1, "months": 1, "lender": "bank", "product": "card",
                        "currency": "CNY"}  # fmt: skip
    yield made_up_result, {"paths": 3, "months": 2, "seed": 0, "segments": ("ours:card", "bank:card"), "scenario": None}
    yield sl.compare, {"result": w.made, "other": w.made, "discount_rate": 0.08, **own, "provisioning": "china",
                       "terms": None}  # fmt: skip
    yield sl.quarterly_rates, {"result": w.made, "first_quarter": "2026Q1"}
    yield sl.unemployment_response, {"rate": RATE, "unemployment": JOBLESS}
    fitted = sl.Model().replace(**{"income.low_pay": 0.5})
    yield sl.calibrated_model, {"report": xr.Dataset(attrs={"model": json.dumps(fitted.to_dict())})}
    acts = [sl.actions.Outreach(), sl.actions.LimitManagement(cut=1.0)]
    yield sl.compare_responses, {"portfolio": w.book, "macro": w.calm, "responses": acts, **study,
                                 "feedback": None, "rank_by": "npv", "threads": 1}  # fmt: skip
    yield sl.sensitivity, {"portfolio": w.book, "macro": w.fan, "outcome": rate,
                           "parameters": {"willingness.forgetting": (0.01, 0.05)}, "answers": None,
                           **study}  # fmt: skip
    yield sl.reverse_stress, {"portfolio": w.book, "start": w.calm, "end": w.tight, "outcome": open_lines,
                              "hurdle": 0.8, "level": 0.5, "side": "below",
                              "bounds": (0.0, 1.0), "tolerance": 0.5, **study, "paths": 10}  # fmt: skip
    yield sl.score_performance, {"portfolio": w.large, "macro": w.half, "seed": 3, "cohorts": [0], "outcome_months": 6,
                                 "bands": 2, **own, "yardstick": None}  # fmt: skip
    yield sl.term_structures, {"portfolio": w.book, "macro": w.fan, **study, "renewal": "static",
                               "outlooks": (sl.Outlook(),), "points": 2, "sample": 50, "horizon": 12, "cache": None,
                               "threads": 1}  # fmt: skip
    yield sl.calibrate, {"portfolio": w.book, "macro": w.calm, "targets": [target],
                         "parameters": ["willingness.forgetting"], **study, "sample": None, "warmup": 0,
                         "seasoning": 0, "method": "least-squares", "step": 0.15, "iterations": 1,
                         "checkpoint": None}  # fmt: skip
    yield sl.backtest, {"portfolio": w.book, "history": history(), "parameters": ["willingness.forgetting"],
                        "train": ("2002Q2", "2003Q3"), "test": ("2003Q4", "2004Q4"), "products": None,
                        **study, "usual_quarters": 4, "warmup_quarters": 1, "interval": 0.9}  # fmt: skip
    yield sl.evidence, {"books": 2, "borrowers": 200, "seed": 1, "under": "calm", "progress": False, "threads": 1}


def label(function):
    """Name of a function as it stands in the package."""
    return f"{function.__module__.removeprefix('stresslab.')}.{function.__qualname__}"


def complete(function, given):
    """The arguments of a call, those that it leaves to their defaults too."""
    kinds = inspect.signature(function).parameters.values()
    usual = {kind.name: kind.default for kind in kinds if kind.default is not kind.empty}
    return usual | given


def give(function, arguments):
    """What a function answers; arguments after a star stand in a list."""
    stars = [kind.name for kind in inspect.signature(function).parameters.values() if kind.kind is kind.VAR_POSITIONAL]
    given = [arguments[name] if isinstance(arguments[name], list) else [arguments[name]] for name in stars]
    return function(*itertools.chain(*given), **{name: value for name, value in arguments.items() if name not in stars})


@cache
def calls():
    """Sound calls by name of the function: (function, arguments)."""
    return {label(function): (function, complete(function, given)) for function, given in _calls(world())}


def public_callables():
    """Functions, classes and their methods that a user can reach by `sl.`, by name."""
    spaces = ["stresslab", "stresslab.testing"]
    spaces += [f"stresslab.{name}" for name in sl.__all__ if inspect.ismodule(getattr(sl, name))]
    found = {}
    for space in spaces:
        module = importlib.import_module(space)
        names = getattr(module, "__all__", ["tiny_result", "made_up_result"])
        for thing in (getattr(module, name) for name in names):
            if inspect.isclass(thing) and not issubclass(thing, Exception):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing.__init__
                for kind in thing.__mro__:
                    if kind.__module__.startswith("stresslab."):
                        for name, member in vars(kind).items():
                            function = getattr(member, "__func__", member)
                            if inspect.isfunction(function) and not name.startswith("_"):
                                found[f"{kind.__module__}.{function.__qualname__}"] = function
            elif inspect.isroutine(thing):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return found


SLOW = {"calibrate", "backtest", "evidence", "compare_responses", "sensitivity", "reverse_stress", "term_structures",
        "score_performance"}  # fmt: skip
"""Functions that take seconds where they run."""
