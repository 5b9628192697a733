"""Behaviour of a borrower in a month: one small jitted function for each decision or event.

Amounts are whole minor units (int32), levels and probabilities float32, probabilities of rare events thresholds on
31-bit integers. Only + - * / appear, in a stated order, so that every processor gives the same bits.
"""

from __future__ import annotations

from numba import float32, int32, njit, uint32

ONE = float32(1.0)
HALF = float32(0.5)
BYTE_SUM_MEAN = float32(510.0)
UNIT_24 = float32(2.0**-24)
UNIT_16 = float32(2.0**-16)


@njit(forceinline=True)
def money(amount):
    """Whole minor units nearest to a non-negative float32 amount, halves up."""
    return int32(amount + HALF)


@njit(forceinline=True)
def chance(word):
    """Uniform float32 in [0, 1) from the high 24 bits of a word."""
    return float32(int32(word >> uint32(8))) * UNIT_24


@njit(forceinline=True)
def job(word, jobless, separation, find_early, find_late, early_months):
    """Months without a job after this month's draw; 0 while employed.

    Low draws are bad: with u uniform, the employed lose the job if u < separation, the jobless find one if
    u >= 1 - finding. So a harsher month under the same draw never leaves a borrower better off.
    """
    u = chance(word)
    finding = find_early if jobless <= early_months else find_late
    lost = int32(1) if u < separation else int32(0)
    still = int32(0) if u >= ONE - finding else int32(jobless + int32(1))
    return lost if jobless == int32(0) else still


@njit(forceinline=True)
def lasting_level(word, level, persistence, width, fall_from, fall_keep):
    """Lasting pay over usual pay: l' = 1 + persistence (l - 1), times 1 + width (2u - 1), times a rare fall."""
    u = float32(int32(word & uint32(0xFFFF))) * UNIT_16
    moved = (ONE + persistence * (level - ONE)) * (ONE + width * (u + u - ONE))
    fallen = int32(word >> uint32(16)) >= fall_from
    return moved * fall_keep if fallen else moved


@njit(forceinline=True)
def passing_shock(word, scale, centre):
    """Factor exp(z) / E[exp(z)], z near normal: the sum of the word's four bytes, centred and scaled.

    exp is its Taylor sum to z^3 / 6 (|z| < 0.5), and `centre` is 1 / E of that sum.
    """
    total = (
        int32(word & uint32(255))
        + int32((word >> uint32(8)) & uint32(255))
        + int32((word >> uint32(16)) & uint32(255))
        + int32(word >> uint32(24))
    )
    z = (float32(int32(total)) - BYTE_SUM_MEAN) * scale
    return (ONE + z * (ONE + z * (HALF + z * float32(1.0 / 6.0)))) * centre


@njit(forceinline=True)
def pay_received(own_pay, jobless, short_pay, keep, support, benefit, benefit_months):
    """Own pay; a furloughed borrower's share of it; a jobless one's household support and insurance."""
    insured = benefit if jobless <= benefit_months else float32(0.0)
    share = keep if short_pay else ONE
    return own_pay * (share if jobless == int32(0) else support + insured)


@njit(forceinline=True)
def rare_expense(word, probability_16, inverse_16, mean):
    """An expense with the stated probability, of size 3 v^2 times its mean with v uniform given the event."""
    u = int32(word >> uint32(16))
    v = float32(u) * inverse_16
    return float32(3.0) * v * v * mean if u < probability_16 else float32(0.0)


@njit(forceinline=True)
def pays(word, threshold):
    """Whether the borrower tries to pay this loan: 31 bits of the loan's draw at or above the threshold."""
    return int32(word >> uint32(1)) >= threshold


@njit(forceinline=True)
def payment_threshold(giveup, forget, strategic, hazard):
    """Probability (31 bits) of not trying: giving up by depth of arrears, else forgetting and strategy."""
    careless = int32(forget + strategic * hazard)
    return giveup if giveup > careless else careless


@njit(forceinline=True)
def next_missed(missed, paid, due, arrears):
    """Unpaid due dates at month end: 0 if all is paid, held if late and this month's due is paid, else one more."""
    held = (missed > int32(0)) & (paid >= int32(due - arrears))
    return int32(0) if paid >= due else (missed if held else int32(missed + int32(1)))


@njit(forceinline=True)
def above_target(buffer, target, spend_excess):
    """Spent of what the buffer has above its target, as after a one-off transfer."""
    excess = int32(buffer - target)
    return int32(float32(excess if excess > int32(0) else int32(0)) * spend_excess)


@njit(forceinline=True)
def keep_buffer(buffer, cash, target, saving):
    """Buffer after the month: a shortfall is taken from it, a share of a surplus saved until the target is met."""
    ceiling = target if target > buffer else buffer
    saved = int32(buffer + int32(float32(int32(cash - buffer)) * saving))
    grown = saved if saved < ceiling else ceiling
    left = cash if cash > int32(0) else int32(0)
    return left if cash <= buffer else grown


@njit(forceinline=True)
def payment(payable, cash):
    """Amount paid on a loan: the smaller of cash (may be negative) and what the borrower means to pay."""
    free = cash if cash > int32(0) else int32(0)
    return payable if payable < free else free


@njit(forceinline=True)
def minimum_payment(bill, share, floor):
    """The larger of a share of the bill and a floor, never more than the bill."""
    part = money(float32(bill) * share)
    least = part if part > floor else floor
    return least if least < bill else bill


@njit(forceinline=True)
def revolving_due(bill, share, floor, agreed):
    """The minimum payment, or what a plan has agreed instead (negative: a holiday); never more than the bill."""
    planned = agreed if agreed > int32(0) else int32(0)
    planned = planned if planned < bill else bill
    return minimum_payment(bill, share, floor) if agreed == int32(0) else planned


@njit(forceinline=True)
def annuity(balance, rate, months):
    """Payment that repays a balance with interest in `months` >= 1 equal parts, rounded up to the minor unit.

    B r (1 + r)^n / ((1 + r)^n - 1), and B / n without interest.
    """
    grown = ONE
    for _ in range(months):
        grown = grown * (ONE + rate)
    owed = float32(balance)
    part = owed / float32(months) if grown <= ONE else owed * rate * grown / (grown - ONE)
    return int32(int32(part) + int32(1))


@njit(forceinline=True)
def fade(memory, forget_256):
    """A memory in 256ths, less the share (256ths) that is forgotten in a month."""
    return int32(memory - ((memory * forget_256) >> int32(8)))


@njit(forceinline=True)
def remembered(memory, missed, forget_256):
    """Unpaid due dates that a score remembers [256ths]: those of now, or older ones that fade, whichever are more."""
    faded, now = fade(memory, forget_256), int32(missed << int32(8))
    return faded if faded > now else now


@njit(forceinline=True)
def bureau_score(points, loans, loan_points, inquiries, inquiry_points):
    """Application score less points for loans open anywhere beyond two, and for applications [256ths]."""
    return int32(points - loan_points * int32(loans - int32(2)) - ((inquiries * inquiry_points) >> int32(8)))


@njit(forceinline=True)
def score(bureau, memory, arrears_points, use, use_points):
    """Behavioural score: the bureau's less points for what this lender has seen.

    memory : unpaid due dates remembered [256ths]; use : balance over limit of a line, 0.5 for an instalment loan
    bureau - arrears_points memory - use_points (2 use - 1)
    """
    drawn = float32(use_points) * (use + use - ONE)
    return int32(bureau - ((memory * arrears_points) >> int32(8)) - int32(drawn))


@njit(forceinline=True)
def approval(points, approve_from, slope, supply):
    """Chance that an application is granted: none below a score, rising in a straight line to the lender's supply."""
    passed = (float32(points) - approve_from) * slope
    passed = passed if passed > float32(0.0) else float32(0.0)
    return (passed if passed < ONE else ONE) * supply


@njit(forceinline=True)
def withdrawn(points, tightening, middle, slope):
    """Share of a line or of new credit that a lender withdraws, most from low scores.

    tightening w, at most 1, with w = 1 + slope (middle - score) between 0 and 2
    """
    weight = ONE + slope * (middle - float32(points))
    weight = weight if weight > float32(0.0) else float32(0.0)
    share = tightening * (weight if weight < float32(2.0) else float32(2.0))
    return share if share < ONE else ONE


@njit(forceinline=True)
def reach(necessities, effort):
    """Amount below zero that cash may fall to for a payment: necessities that the borrower goes without."""
    return int32(float32(necessities) * effort)


@njit(forceinline=True)
def recovery(word, claim, hazard, full, partial):
    """Recovered of a claim: with probability `hazard` all of it (a `full` share of cases) or a part.

    With u uniform and u < hazard, v = u / hazard is uniform again: all if v < full,
    else 3 partial w^2 of it, with w = (v - full) / (1 - full) uniform once more: `partial` in the mean.
    """
    u = chance(word)
    v = u / hazard if hazard > float32(0.0) else ONE
    w = (v - full) / (ONE - full) if full < ONE else ONE
    amount = int32(float32(claim) * (float32(3.0) * partial * w * w))
    most = claim if (v < full) | (amount > claim) else amount
    return most if u < hazard else int32(0)
