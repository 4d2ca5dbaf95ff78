"""Where the folders go: ``cli/`` and ``pretrained/`` install inside the package."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py


class _CleanBuild(build_py):
    """What an earlier build has left would be installed, too, although it is no longer there."""

    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(Path(self.build_lib) / "cn_zoo", ignore_errors=True)
        super().run()


setup(
    cmdclass={"build_py": _CleanBuild},
    packages=[*find_packages(include=["cn_zoo", "cn_zoo.*"]), "cn_zoo.cli", "cn_zoo.pretrained"],
    package_dir={"cn_zoo": "cn_zoo", "cn_zoo.cli": "cli", "cn_zoo.pretrained": "pretrained"},
)
