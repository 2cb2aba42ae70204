"""The papers' claims and our counter-arguments, each as a named test on runs.

This package uses presets, stores and `bnviz.analysis`, but no figures and no Streamlit. Start with
`claim.py`, which defines what a claim is. Each paper has its own files of claims, `evidence.py`
and `evidence_landscape.py` turn rows into numbers, and `judging.py` gives the verdicts.
"""

from bnviz.claims import (
    counter_arguments,
    ioffe_2015,
    ioffe_2015_rates,
    liu,
    santurkar_2018,
    santurkar_2018_landscape,
    santurkar_2018_lp,
    santurkar_2018_shift,
    theory,
)

CLAIMS = {
    claim.name: claim
    for part in (
        santurkar_2018,
        santurkar_2018_shift,
        santurkar_2018_landscape,
        santurkar_2018_lp,
        theory,
        ioffe_2015,
        ioffe_2015_rates,
        liu,
        counter_arguments,
    )
    for claim in part.CLAIMS
}
