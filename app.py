"""bnviz: why does batch normalisation help? Start with `make app`, or `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from bnviz.runs import supervisor
from bnviz.runs.store import Store
from bnviz.ui import asking, export, link, plot, reader, roles

UI = Path(reader.__file__).parent
st.set_page_config(
    page_icon=str(UI / "icon.svg"),  # a Material name would ask a font host
    layout="wide",
    menu_items={"About": "Why does batch normalisation help? Measure it yourself."},
)
supervisor.ensure(Store())
reader.remember()
roles.remember()
st.html(UI / "page.css")
script = (UI / "page.js").read_text("utf-8")
plot.serve_all()
script = f'const LIBRARY = "{plot.library()}"; {script}'
st.html(f"<script>{{ {script} }}</script>", unsafe_allow_javascript=True)

PAGES = {
    "": [
        st.Page("pages/learn/learn.py", title="Learn", icon=":material/school:"),
        st.Page("pages/lab/start.py", title="Start", icon=":material/home:", default=True),
        st.Page("pages/lab/present.py", title="Present", icon=":material/slideshow:"),
    ],
    "Santurkar et al. 2018": [
        st.Page("pages/paper/training.py", title="Training", icon=":material/show_chart:"),
        st.Page("pages/paper/distributions.py", title="Distributions", icon=":material/bar_chart:"),
        st.Page(
            "pages/paper/covariate_shift.py",
            title="Covariate shift",
            icon=":material/compare_arrows:",
        ),
        st.Page("pages/paper/landscape.py", title="Landscape", icon=":material/landscape:"),
        st.Page("pages/paper/norms.py", title="Norms", icon=":material/straighten:"),
        st.Page("pages/paper/surface.py", title="Surface", icon=":material/terrain:"),
        st.Page("pages/paper/theory.py", title="Theory", icon=":material/function:"),
    ],
    "Classics": [
        st.Page(
            "pages/classics/batchnorm.py", title="BatchNorm, taken apart", icon=":material/build:"
        ),
        st.Page("pages/classics/mnist.py", title="MNIST, 2015", icon=":material/looks_one:"),
        st.Page(
            "pages/classics/learning_rates.py", title="Learning rates", icon=":material/speed:"
        ),
        st.Page("pages/classics/lenet.py", title="LeNet and MLP", icon=":material/grid_on:"),
    ],
    "Lab": [
        st.Page("pages/lab/claims.py", title="Claims", icon=":material/gavel:"),
        st.Page("pages/lab/compare.py", title="Compare", icon=":material/stacked_line_chart:"),
        st.Page("pages/lab/sweep.py", title="Sweeps", icon=":material/tune:"),
        st.Page("pages/lab/runs.py", title="Runs", icon=":material/list:"),
    ],
}
page = st.navigation(PAGES, expanded=True)
st.set_page_config(page_title=f"{page.title} · bnviz")
link.arrive(page.url_path)
page.run()
roles.sign_in()
asking.confirm()
export.open_wish()
