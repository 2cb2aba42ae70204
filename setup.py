"""What pip installs: the package, and as `bnviz.site` what a copy of the project has beside it."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["bnviz", "bnviz.*"]), "bnviz.site"],
    package_dir={"bnviz.site": "."},  # its module is app.py
    package_data={
        "bnviz": ["**/*"],
        "bnviz.site": ["pages/**/*.py", "cache/gallery/**/*", ".streamlit/config.toml"],
    },
    exclude_package_data={"": ["*.pyc"]},
)
