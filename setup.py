"""Where the folders go: ``cli/`` and ``pretrained/`` install inside the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["cn_zoo", "cn_zoo.*"]), "cn_zoo.cli", "cn_zoo.pretrained"],
    package_dir={"cn_zoo": "cn_zoo", "cn_zoo.cli": "cli", "cn_zoo.pretrained": "pretrained"},
)
