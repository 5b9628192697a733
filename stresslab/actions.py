"""Actions of a lender against arrears, passed to `simulate(..., responses=[...])`."""

from stresslab.engine.actions import ContingencyPlan, EarlyWarning, LimitManagement, Outreach, Restructuring

__all__ = ["ContingencyPlan", "EarlyWarning", "LimitManagement", "Outreach", "Restructuring"]
