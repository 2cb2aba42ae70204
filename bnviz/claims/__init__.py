"""What the papers claim, each as a named test on runs, and our counter-arguments.

It knows presets, stores and `bnviz.analysis`, but no figures and no Streamlit. Start with `claim.py`,
which says what a claim is. Each paper has its own files; `judging.py` gives the verdicts.
"""

from bnviz.claims import (
    counter_arguments,
    ioffe_2015,
    liu,
    santurkar_2018,
    santurkar_2018_landscape,
    theory,
)

CLAIMS = {
    claim.name: claim
    for part in (
        santurkar_2018,
        santurkar_2018_landscape,
        theory,
        ioffe_2015,
        liu,
        counter_arguments,
    )
    for claim in part.CLAIMS
}
