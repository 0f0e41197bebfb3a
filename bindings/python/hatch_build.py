"""Puts libjsvm.so, its licences and the true platform tag into the wheel."""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any, Dict

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent


def library() -> Path:
    """The library to pack: JSVM_LIBRARY's, or cargo's newest profile there is, or what cargo builds now."""
    named = os.environ.get("JSVM_LIBRARY")
    if named:
        if not Path(named).is_file():
            raise SystemExit(f"JSVM_LIBRARY is {named!r}, and that is no file")
        return Path(named)
    target = TOP / os.environ.get("CARGO_TARGET_DIR", "target")
    for profile in ("release", "debug"):
        built = target / profile / "libjsvm.so"
        if built.is_file():
            return built
    if not (TOP / "Cargo.toml").is_file() or shutil.which("cargo") is None:
        raise SystemExit("libjsvm.so is missing: run `make release` in libjsvm's tree, or name the library in JSVM_LIBRARY")
    if subprocess.run(["cargo", "build", "--release", "--features", "cli"], cwd=TOP).returncode:
        raise SystemExit("cargo could not build libjsvm: see above; `make release` in libjsvm's tree sets up what it needs")
    return target / "release" / "libjsvm.so"


def platform(library: Path) -> str:
    """The oldest glibc that has what the library asks for, as manylinux says it."""
    machine = sysconfig.get_platform().rpartition("-")[2]
    minors = re.findall(rb"\0GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)", library.read_bytes())
    if not minors:
        return f"linux_{machine}"
    return f"manylinux_2_{max(17, *map(int, minors))}_{machine}"


class CustomBuildHook(BuildHookInterface):
    def initialize(self, version: str, build_data: Dict[str, Any]) -> None:
        if version == "editable":
            return
        found = library()
        stripped = Path(self.directory) / "libjsvm.so"
        stripped.parent.mkdir(parents=True, exist_ok=True)
        if shutil.which("strip") is None:
            shutil.copyfile(found, stripped)
        else:
            subprocess.run(["strip", "--strip-debug", "-o", str(stripped), str(found)], check=True)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform(stripped)}"
        build_data["force_include"][str(stripped)] = "jsvm/libjsvm.so"
        for licence in ("LICENSE", "THIRD-PARTY-NOTICES"):
            build_data["force_include"][str(TOP / licence)] = f"jsvm/{licence}"

    def finalize(self, version: str, build_data: Dict[str, Any], artifact_path: str) -> None:
        (Path(self.directory) / "libjsvm.so").unlink(missing_ok=True)


class CustomMetadataHook(MetadataHookInterface):
    def update(self, metadata: Dict[str, Any]) -> None:
        text = (TOP / "Cargo.toml").read_text(encoding="utf-8")
        metadata["version"] = re.search(r'^version = "(.*)"$', text, re.MULTILINE).group(1)
