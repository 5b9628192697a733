"""A borrower, their loans and plans: what is carried from month to month, and what is of the month."""

from __future__ import annotations

from dataclasses import dataclass, field

from stresslab.reference.numbers import f32
from stresslab.reference.parameters import NEUTRAL, Lender, Product
from stresslab.schema import FLOWS

EVENTS = ("restructured", "redefaulted", "flagged", "warned", "false_alarms", "lead_months")
AMOUNTS = ("discharged", "deferred")


@dataclass
class Plan:
    """New terms of a loan, which hold until all is paid or a payment is missed.

    depth : unpaid due dates when it was agreed
    probation, holiday : months left
    unkept : chance (of 2**31) a month, in probation, that the borrower does not try to pay
    rate, instalment : of the contract, for the time after the plan
    """

    depth: int
    probation: int
    holiday: int
    unkept: int
    rate: f32
    instalment: int
    broken: bool = False

    @property
    def on_probation(self) -> bool:
        """Whether payments are still to be proved."""
        return self.probation > 0 and not self.broken

    @property
    def stage(self) -> int:
        """IFRS 9 stage of a loan on probation that pays as agreed: 3 if it was 90 days late, else 2."""
        return 2 if self.depth < 3 else 3


@dataclass
class Loan:
    """A loan; what has a default begins with the path, and from `conditions` on it is of the month.

    segment : position of its lender and product among those of the book
    missed : unpaid due dates; overdue : the amount of them, part of the balance
    usual : bill that spending returns to (line), amount of a new loan (instalment loan)
    closed, claim : after a write-off, and what is still owed of it
    next_score, score : that the lender goes by in the next month and in this one
    memory : unpaid due dates that the score remembers [256ths]
    warned : months for which it has been flagged
    conditions : what its lender does this month
    """

    row: int
    segment: int
    product: Product
    salt: int
    balance: int
    overdue: int
    missed: int
    remaining: int
    instalment: int
    limit: int
    usual: int
    tenor: int
    transactor: bool
    closed: bool
    claim: int
    rate: f32
    claim_hazard: f32
    next_score: int
    memory: int
    warned: int = 0
    frozen: bool = False
    plan: Plan | None = None
    conditions: Lender = NEUTRAL
    score: int = 0
    missed_before: int = 0
    word: int = 0
    due: int = 0
    payable: int = 0
    first_due: bool = False
    cause: str = ""
    flows: dict[str, int] = field(default_factory=dict)

    def begin_month(self, conditions: Lender, word: int) -> None:
        """No flows yet; the score is the one of last month's end."""
        self.flows, self.cause = dict.fromkeys((*FLOWS, *EVENTS, *AMOUNTS), 0), ""
        self.conditions, self.word, self.missed_before, self.score = conditions, word, self.missed, self.next_score

    @property
    def held_back(self) -> bool:
        """Frozen by its lender, or in a plan."""
        return self.frozen or self.plan is not None

    @property
    def barred(self) -> bool:
        """No drawing, and nothing new."""
        return self.closed or self.held_back


@dataclass
class Borrower:
    """A borrower and their loans in the order of payment; what has a default is of the month.

    points : score at application
    inquiries, open_loans : what the bureau knows: applications remembered [256ths], loans with a balance
    expense_16, expense_inverse : chance (of 2**16) of a rare expense in a month, and 1 over it
    spent : necessities and rare expenses; cash : buffer and pay less what was spent, moved by every payment
    poor : pay was below the share of usual pay that counts as a loss
    """

    id: int
    income: f32
    pay_level: f32
    job_loss_risk: f32
    household_support: f32
    insurance: f32
    expense_16: int
    expense_inverse: f32
    necessities: int
    buffer: int
    buffer_target: int
    jobless_months: int
    strategic: bool
    points: int
    inquiries: int
    open_loans: int
    loans: list[Loan]
    pay: int = 0
    spent: int = 0
    cash: int = 0
    applications: int = 0
    poor: bool = False

    @property
    def short(self) -> int:
        """What they lack of what they mean to pay."""
        return sum(loan.payable for loan in self.loans) - self.cash
