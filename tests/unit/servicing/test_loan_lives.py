"""Whatever happens to a loan, what must hold of it holds."""

from hypothesis import given, settings

from unit.servicing.audits import hold
from unit.servicing.lives import Life, begun, happens, lives


@settings(max_examples=1500)
@given(lives())
def test_after_any_life_the_loan_is_what_its_entries_make_of_it(life: Life) -> None:
    teller = begun(life)
    hold(teller)
    try:
        for step in life.steps:
            happens(teller, step)
            hold(teller)
    except Exception as e:
        e.add_note(repr(life))
        raise
